import re
from hashlib import sha256
from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import WithdrawalHttpCommon

PROCESSING = "odoo.addons.order_withdrawal.models.sale_withdrawal.processing"


@tagged("post_install", "-at_install")
class TestWithdrawalPages(WithdrawalHttpCommon):
    # === THE FORM === #

    def test_form_has_the_captions_of_the_law(self):
        page = self.url_open("/withdraw")
        self.assertEqual(page.status_code, 200)
        self.assertIn("Withdraw from contract here", page.text)
        review = self.url_open("/withdraw", data=self._fill())
        self.assertIn("Confirm withdrawal", review.text)

    def test_form_needs_no_script(self):
        for page in (self.url_open("/withdraw"), self.url_open("/withdraw", data=self._fill())):
            self.assertNotIn("<script", page.text)
            self.assertIn('<button type="submit"', page.text)

    def test_form_is_kept_by_nobody(self):
        headers = self.url_open("/withdraw").headers
        self.assertEqual(headers["Cache-Control"], "no-store")
        self.assertIn("noindex", headers["X-Robots-Tag"])
        self.assertEqual(headers["Referrer-Policy"], "no-referrer")

    def test_review_records_nothing(self):
        before = len(self._withdrawals())
        self.url_open("/withdraw", data=self._fill())
        self.assertEqual(len(self._withdrawals()), before)

    def test_missing_fields_lead_back_to_the_filled_form(self):
        for name in ("name", "reference", "email"):
            page = self.url_open("/withdraw", data=self._fill(**{name: ""}, reason="Too <big>"))
            self.assertEqual(page.status_code, 200)
            self.assertIn('role="alert"', page.text)
            self.assertIn(f'id="{name}_error"', page.text)
            self.assertIn("Too &lt;big&gt;", page.text)
        self.assertFalse(self._withdrawals(self.order))

    def test_off_is_not_found(self):
        self.env["res.company"].search([]).withdrawal_enabled = False
        for path in ("/withdraw", "/withdraw/confirm", self.tracking_path, self.portal_path):
            self.assertEqual(self.url_open(path).status_code, 404)
            self.assertEqual(self.url_open(path, data=self._fill()).status_code, 404)
        self.assertNotIn(
            "withdraw", self.url_open(f"/order/status/{self.order.order_tracking_token}").text
        )

    def test_fields_called_as_parts_of_the_address_change_no_place(self):
        new_test_user(self.env, "wd_portal", "base.group_portal", partner_id=self.customer.id)
        self.authenticate("wd_portal", "wd_portal")
        for query in (f"order_id={self.order.id}", "order_id=x", "token=x"):
            for path in ("/withdraw", self.tracking_path, self.portal_path):
                page = self.url_open(f"{path}?{query}")
                self.assertEqual(page.status_code, 200, query)
                self.assertIn(f'action="{path}"', page.text)
        self._declare(order_id=str(self.order.id))
        self.assertEqual(self._withdrawals()[-1].source, "form")

    def test_files_are_no_text(self):
        files = dict.fromkeys(("lang", "csrf_token", "reason", "form_token"), ("a.txt", b"a"))
        answer = self.url_open("/withdraw/confirm", data=self._fill(), files=files)
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(len(self._withdrawals(self.order)), 1)
        new_test_user(self.env, "wd_portal", "base.group_portal", partner_id=self.customer.id)
        self.authenticate("wd_portal", "wd_portal")
        path = f"{self.portal_path}/confirm"
        answer = self.url_open(path, data=self._fill(), files={"csrf_token": ("a.txt", b"a")})
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(len(self._withdrawals(self.order)), 1)

    def test_long_texts_are_kept_and_cost_little(self):
        """A number is looked for in the beginning alone: this took minutes."""
        reason, reference = "Long. " * 20_000, f"{self.order.name} {'x' * 300_000}"
        answer = self.url_open(
            "/withdraw/confirm", data=self._fill(reason=reason, reference=reference)
        )
        self.assertEqual(answer.status_code, 200)
        statement = self._withdrawals(self.order)
        self.assertEqual(statement.reason, reason.strip())
        self.assertEqual(statement.order_reference, reference)
        self.assertEqual(statement.step, "complete")

    def test_what_is_no_statement_by_its_size_is_not_read(self):
        answer = self.url_open("/withdraw/confirm", data=self._fill(reason="x" * 2_000_000))
        self.assertEqual(answer.status_code, 413)

    def test_address_longer_than_any_leads_back_to_the_form(self):
        page = self.url_open("/withdraw/confirm", data=self._fill(email=f"{'a' * 3000}@b.pl"))
        self.assertIn('id="email_error"', page.text)
        self.assertFalse(self._withdrawals(self.order))

    # === DECLARING === #

    def test_guest_with_number_and_email_is_verified(self):
        receipt = self._declare(reason="Two lines\nof it")
        self.assertEqual(receipt.status_code, 200)
        statement = self._withdrawals(self.order)
        self.assertEqual(len(statement), 1)
        self.assertTrue(statement.is_verified)
        self.assertEqual(statement.source, "form")
        self.assertEqual(statement.partner_name, "Anna Kowalska")
        self.assertEqual(statement.email, "buyer@example.com")
        self.assertEqual(statement.reason, "Two lines\nof it")
        self.assertEqual(statement.state, "received")
        self.assertFalse(statement.line_ids)
        self.assertEqual(statement.statement_hash, sha256(statement.statement.encode()).hexdigest())
        self.assertIn(statement.statement_hash, receipt.text)
        self.assertIn("receipt, not an acceptance", receipt.text)
        for word in ("Anna Kowalska", self.order.name, "buyer@example.com", "of it"):
            self.assertIn(word, statement.statement)

    def test_statement_is_what_the_review_showed(self):
        review = self.url_open("/withdraw", data=self._fill(reason="Wrong colour"))
        shown = re.search(r'<div class="statement">(.*?)</div>', review.text, re.S)[1]
        self.url_open("/withdraw/confirm", data=self._hidden(review.text))
        self.assertEqual(self._withdrawals(self.order).statement, shown)

    def test_double_click_is_one_statement(self):
        review = self.url_open("/withdraw", data=self._fill())
        data = self._hidden(review.text)
        first = self.url_open("/withdraw/confirm", data=data)
        second = self.url_open("/withdraw/confirm", data=data)
        statement = self._withdrawals(self.order)
        self.assertEqual(len(statement), 1)
        self.assertIn(statement.name, first.text)
        self.assertIn(statement.name, second.text)

    def test_same_token_with_other_words_is_another_statement(self):
        review = self.url_open("/withdraw", data=self._fill())
        data = self._hidden(review.text)
        self.url_open("/withdraw/confirm", data=data)
        self.url_open("/withdraw/confirm", data={**data, "reason": "More to say"})
        self.assertEqual(len(self._withdrawals(self.order)), 2)

    def test_repeat_is_recorded_and_marked(self):
        self._declare()
        self._declare()
        first, second = self._withdrawals(self.order)
        self.assertFalse(first.is_repeat)
        self.assertTrue(second.is_repeat)

    def test_bots_fields_drop_nothing(self):
        self._declare(website="http://spam.example", phone="1", company="x", url="y")
        self.assertEqual(len(self._withdrawals(self.order)), 1)

    def test_number_is_found_in_words(self):
        self._declare(reference=f"my order no. {self.order.name.lower()}, of last week")
        self.assertTrue(self._withdrawals(self.order).is_verified)

    def test_number_with_blanks_is_found(self):
        """A sequence may have blanks in its prefix, and people type some."""
        number = self.order.name
        self.order.name = "ZAM 2026 0007"
        self._declare(reference="# zam 2026 0007.")
        self.assertTrue(self._withdrawals(self.order).is_verified)
        self.order.name = number
        self._declare(reference=f"{number[:1]} {number[1:]}")
        self.assertEqual(self._withdrawals(self.order).mapped("is_verified"), [True, True])

    def test_wrong_number_and_other_email_are_recorded(self):
        self._declare(reference="The blue lamp that I bought in May", email="a@example.com")
        unmatched = self._withdrawals()[-1]
        self.assertFalse(unmatched.order_id)
        self.assertFalse(unmatched.is_verified)
        self._declare(email="stranger@example.com")
        other = self._withdrawals()[-1]
        self.assertEqual(other.order_id, self.order)
        self.assertFalse(other.is_verified)

    def test_stranger_learns_nothing_of_orders(self):
        """The same page for a number that is there, one that is not, and one that fits."""

        def normal(page, reference, email):
            text = re.sub(r"WD/\d+/\d+|[0-9a-f]{64}|\d{2}:\d{2}:\d{2}", "", page.text)
            return text.replace(reference, "REF").replace(email, "MAIL")

        asked = [
            (self.order.name, "stranger@example.com"),
            ("S99999", "stranger@example.com"),
            (self.order.name, "buyer@example.com"),
        ]
        pages = [
            normal(self._declare(reference=reference, email=email), reference, email)
            for reference, email in asked
        ]
        self.assertEqual(pages[0], pages[1])
        self.assertEqual(pages[0], pages[2])
        self.assertNotIn(self.customer.name, pages[0])

    # === BY LINK === #

    def test_link_knows_the_order_and_names_nobody(self):
        page = self.url_open(self.tracking_path)
        self.assertEqual(page.status_code, 200)
        self.assertIn(self.order.name, page.text)
        for secret in (self.customer.name, self.customer.email):
            self.assertNotIn(secret, page.text)
        self._declare(self.tracking_path, reference="ignored", email="wife@example.com")
        statement = self._withdrawals(self.order)
        self.assertEqual(statement.source, "tracking")
        self.assertTrue(statement.is_verified)
        self.assertEqual(statement.order_reference, self.order.name)

    def test_wrong_link_is_not_found(self):
        for token in ("x" * 43, "short", self.order.access_token):
            for method in ({}, {"data": self._fill()}):
                path = f"/order/status/{token}/withdraw"
                self.assertEqual(self.url_open(path, **method).status_code, 404)
                self.assertEqual(self.url_open(f"{path}/confirm", **method).status_code, 404)

    def test_quantities_of_lines(self):
        line = self.order.order_line
        name = f"line_{line.id}"
        self._declare(self.tracking_path, **{name: "2,0"})
        statement = self._withdrawals(self.order)
        self.assertEqual(statement.line_ids.order_line_id, line)
        self.assertEqual(statement.line_ids.quantity, 2)
        self.assertIn("2 Units Blue paint", statement.statement)

    def test_quantities_that_are_none_are_asked_again(self):
        name = f"line_{self.order.order_line.id}"
        # The last two are rounded to nothing by the unit; recorded, such a part had no effect.
        for typed in ("6", "-1", "many", "1e3", "9" * 400, "0.001", "0,004"):
            page = self.url_open(self.tracking_path, data=self._fill(**{name: typed}))
            self.assertIn(f'id="{name}_error"', page.text)
        answer = self.url_open(f"{self.tracking_path}/confirm", data=self._fill(**{name: "6"}))
        self.assertEqual(answer.status_code, 200)
        self.url_open(f"{self.tracking_path}/confirm", data=self._fill(**{name: "0.001"}))
        self.assertFalse(self._withdrawals(self.order))

    def test_lines_of_other_orders_are_nobodys(self):
        other = self._create_web_order()
        self._declare(self.tracking_path, **{f"line_{other.order_line.id}": "1"})
        self.assertFalse(self._withdrawals(self.order), "not one about the whole order either")

    def test_article_that_is_gone_does_not_make_it_the_whole_order(self):
        line = self.order.order_line
        other = line.copy({"order_id": self.order.id, "product_uom_qty": 3})
        data = self._fill(**{f"line_{line.id}": "2"})
        review = self.url_open(self.tracking_path, data=data)
        self.assertIn("in part, namely from", review.text)
        line.product_uom_qty = 0  # the seller takes it out
        self.env.flush_all()
        page = self.url_open(f"{self.tracking_path}/confirm", data=self._hidden(review.text))
        self.assertIn('id="reason_error"', page.text)
        self.assertFalse(self._withdrawals(self.order))
        self._declare(self.tracking_path, **{f"line_{other.id}": "1"})
        self.assertEqual(self._withdrawals(self.order).line_ids.order_line_id, other)

    def test_quantity_that_can_be_read_two_ways_is_asked(self):
        line = self.order.order_line
        line.product_uom_qty = 2000
        self.env.flush_all()
        name = f"line_{line.id}"
        for typed in ("1,000", "1.000"):
            page = self.url_open(self.tracking_path, data=self._fill(**{name: typed}))
            self.assertIn(f'id="{name}_error"', page.text, typed)
            self.assertIn("without separators", page.text)
        line.product_uom_qty = 4
        self.env.flush_all()
        self._declare(self.tracking_path, **{name: "1,000"})
        self.assertEqual(self._withdrawals(self.order).line_ids.quantity, 1)

    def test_quantities_in_the_readers_language(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        line = self.order.order_line
        line.product_uom_id.rounding = 0.01
        line.product_uom_qty = 1234567.5
        self.env.flush_all()
        path = f"{self.tracking_path}?lang=pl_PL"
        self.assertIn("(1234567,5 ", self.url_open(path).text)
        data = self._fill(lang="pl_PL", **{f"line_{line.id}": "2,5"})
        review = self.url_open(self.tracking_path, data=data)
        self.assertIn("- 2,5 ", review.text)

    def test_b2b_has_no_function(self):
        if "b2b" not in dict(self.order._fields["document_type"]._description_selection(self.env)):
            self.order.document_type = "sale"
            self.assertNotIn(
                "withdraw", self.url_open(f"/order/status/{self.order.order_tracking_token}").text
            )
            return
        self.env.cr.execute(
            "UPDATE sale_order SET document_type = 'b2b' WHERE id = %s", [self.order.id]
        )
        self.env.invalidate_all()
        self.assertEqual(self.url_open(self.tracking_path).status_code, 404)

    def test_zeros_are_not_the_whole_order(self):
        line = f"line_{self.order.order_line[:1].id}"
        for path in (self.tracking_path, f"{self.tracking_path}/confirm"):
            page = self.url_open(path, data=self._fill(**{line: "0,00"}))
            self.assertIn(f'id="{line}_error"', page.text)
        self.assertFalse(self._withdrawals(self.order))

    # === IN THE PORTAL === #

    def test_portal_is_filled_in(self):
        new_test_user(self.env, "wd_portal", "base.group_portal", partner_id=self.customer.id)
        self.authenticate("wd_portal", "wd_portal")
        page = self.url_open(self.portal_path)
        self.assertIn(f'value="{self.customer.email}"', page.text)
        self.assertIn(f'value="{self.customer.name}"', page.text)
        self._declare(self.portal_path)
        statement = self._withdrawals(self.order)
        self.assertEqual(statement.source, "portal")
        self.assertTrue(statement.is_verified)

    def test_portal_asks_again_without_a_token_of_the_session(self):
        new_test_user(self.env, "wd_portal", "base.group_portal", partner_id=self.customer.id)
        self.authenticate("wd_portal", "wd_portal")
        answer = self.url_open(f"{self.portal_path}/confirm", data=self._fill(csrf_token="old"))
        self.assertEqual(answer.status_code, 200)
        self.assertIn("Confirm withdrawal", answer.text)
        self.assertFalse(self._withdrawals(self.order))
        self.url_open(f"{self.portal_path}/confirm", data=self._hidden(answer.text))
        self.assertEqual(len(self._withdrawals(self.order)), 1)

    def test_portal_after_the_session_loses_nothing(self):
        answer = self.url_open(f"{self.portal_path}/confirm", data=self._fill(reason="Too late"))
        self.assertEqual(answer.status_code, 200)
        statement = self._withdrawals(self.order)
        self.assertEqual(statement.source, "form")
        self.assertEqual(statement.reason, "Too late")

    def test_part_typed_in_a_session_that_is_over_does_not_become_the_whole(self):
        line = f"line_{self.order.order_line[:1].id}"
        answer = self.url_open(f"{self.portal_path}/confirm", data=self._fill(**{line: "1"}))
        self.assertEqual(answer.status_code, 200)
        self.assertIn('id="reason_error"', answer.text)
        self.assertNotIn(line, answer.text)
        self.assertFalse(self._withdrawals(self.order))

    def test_portal_of_others(self):
        new_test_user(self.env, "wd_rival", "base.group_portal")
        self.authenticate("wd_rival", "wd_rival")
        for data in (None, self._fill(csrf_token=self._csrf())):
            for path in (self.portal_path, f"{self.portal_path}/confirm"):
                answer = self.url_open(path, data=data, allow_redirects=False)
                self.assertEqual(answer.status_code, 303)
                self.assertNotIn(self.order.name, answer.text)
        self.assertFalse(self._withdrawals(self.order))
        gone = self.url_open("/my/orders/999999999999/withdraw", allow_redirects=False)
        self.assertEqual(gone.status_code, 303)

    def test_salespeople_declare_nothing_in_the_place_of_the_customer(self):
        new_test_user(self.env, "wd_all", "sales_team.group_sale_salesman_all_leads")
        self.authenticate("wd_all", "wd_all")
        page = self.url_open(f"/my/orders/{self.order.id}")
        self.assertIn(f"/withdraw?reference={self.order.name}", page.text)
        self.assertNotIn(self.portal_path, page.text)
        for data in (None, self._fill(csrf_token=self._csrf())):
            for path in (self.portal_path, f"{self.portal_path}/confirm"):
                answer = self.url_open(path, data=data, allow_redirects=False)
                self.assertEqual(answer.status_code, 303)
        self.assertFalse(self._withdrawals(self.order))

    def test_portal_without_login_leads_to_it(self):
        answer = self.url_open(self.portal_path, allow_redirects=False)
        self.assertEqual(answer.status_code, 303)
        self.assertIn("/web/login?redirect=", answer.headers["Location"])

    # === LANGUAGES === #

    def test_captions_follow_the_language(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        page = self.url_open("/withdraw?lang=pl_PL")
        self.assertIn("Odstąp od umowy tutaj", page.text)
        review = self.url_open("/withdraw", data=self._fill(lang="pl_PL"))
        self.assertIn("Potwierdź odstąpienie od umowy", review.text)
        for lang in ("de", "de-AT", "DE"):
            self.assertIn("Vertrag widerrufen", self.url_open(f"/withdraw?lang={lang}").text)

    # === WHAT FAILS AFTERWARDS === #

    def test_what_fails_afterwards_takes_no_statement_away(self):
        for step in ("_match_declared", "_queue_acknowledgement", "_affect_order"):
            order = self.order = self._create_web_order()
            model = type(self.env["sale.withdrawal"])
            with (
                patch.object(model, step, side_effect=ValueError("out of order")),
                mute_logger(PROCESSING),
            ):
                receipt = self._declare()
            self.assertIn("We have received your statement", receipt.text)
            statement = self._withdrawals()[-1]
            self.assertNotEqual(statement.step, "complete")
            self._send_status_mails()
            self.assertEqual(statement.step, "complete", step)
            self.assertEqual(statement.order_id, order)
            self.assertEqual(len(statement.mail_ids), 1, step)

    def test_customer_sees_the_statement_on_the_order_status_page(self):
        self._declare(self.tracking_path)
        page = self.url_open(f"/order/status/{self.order.order_tracking_token}")
        self.assertIn("You withdrew from the whole order", page.text)
        self.assertNotIn("Anna Kowalska", page.text)

    def test_unverified_statement_is_not_on_the_customers_page(self):
        self._declare(email="stranger@example.com")
        page = self.url_open(f"/order/status/{self.order.order_tracking_token}")
        self.assertNotIn("You withdrew", page.text)

    def test_exception_is_named_and_hides_nothing(self):
        self.product.withdrawal_exception = "custom_made"
        page = self.url_open(self.tracking_path)
        self.assertIn("made to your specifications", page.text)
        self.assertIn("16(c)", page.text)
        self._declare(self.tracking_path)
        self.assertTrue(self._withdrawals(self.order).has_exception)

    def test_order_with_headings_and_discount(self):
        self.order.write(
            {"order_line": [Command.create({"display_type": "line_note", "name": "Secret note"})]}
        )
        self.assertNotIn("Secret note", self.url_open(self.tracking_path).text)
