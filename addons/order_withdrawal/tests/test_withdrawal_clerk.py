from lxml import etree

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from odoo.addons.order_withdrawal.declaration import Declaration

from .common import WithdrawalHttpCommon

ACTIVITY = "order_withdrawal.mail_activity_type_withdrawal"
UNMATCHED = "order_withdrawal.mail_activity_type_unmatched"


@tagged("post_install", "-at_install")
class TestWithdrawalClerk(WithdrawalHttpCommon):
    def _map_event(self):
        """Return a status that the event sets."""
        event = self.env.ref("order_withdrawal.event_withdrawal_received")
        return self._create_status("Withdrawn", sequence=28, event_ids=[(4, event.id)])

    # === WHAT FOLLOWS === #

    def test_verified_tells_the_seller_and_sets_the_status(self):
        status = self._map_event()
        self._declare(self.tracking_path)
        self.assertEqual(self.order.order_status_id, status)
        activity = self._activities(self.order, ACTIVITY)
        self.assertEqual(activity.user_id, self.seller)
        self._declare(self.tracking_path)
        self.assertEqual(len(self._activities(self.order, ACTIVITY)), 1, "told once")

    def test_unverified_has_no_effect_until_it_is_matched(self):
        status = self._map_event()
        self._declare(email="stranger@example.com")
        statement = self._withdrawals(self.order)
        self.assertNotEqual(self.order.order_status_id, status)
        self.assertFalse(self._activities(self.order, ACTIVITY))
        self.assertTrue(statement.needs_matching)
        self.assertEqual(self.order.status_attention, "withdrawal_unmatched")
        statement.with_user(self.seller).action_match(self.order.id)
        self.assertTrue(statement.is_matched)
        self.assertFalse(statement.is_verified)
        self.assertEqual(self.order.order_status_id, status)
        self.assertTrue(self._activities(self.order, ACTIVITY))
        self.assertFalse(statement.needs_matching)

    def test_unmatched_shows_likely_orders(self):
        self._declare(reference="the blue paint", email="Buyer@example.com")
        statement = self._withdrawals()[-1]
        self.assertFalse(statement.order_id)
        self.assertIn(self.order, statement.likely_order_ids)
        wizard = Form(
            self.env["sale.withdrawal.match"].with_context(default_withdrawal_id=statement.id)
        )
        wizard.order_id = self.order
        wizard.save().action_match()
        self.assertEqual(statement.order_id, self.order)
        self.assertTrue(statement.action_match(self.order.id), "again")

    def test_declined_as_nobodys_shows_likely_orders(self):
        self._declare(reference="the blue paint", email="Buyer@example.com")
        statement = self._withdrawals()[-1]
        statement.action_decline("Not of ours")
        self.assertIn(self.order, statement.likely_order_ids)
        statement.action_match(self.order.id)
        self.assertFalse(statement.likely_order_ids)

    # === WHAT WAS LEFT UNDONE === #

    def _record(self, *quantities, source="tracking"):
        """Return a statement that is recorded, and whose process was killed after that."""
        declaration = Declaration.from_form({"name": "Anna", "email": "buyer@example.com"})
        place = {
            "source": source,
            "company_id": self.company.id,
            "order_id": self.order.id,
            "reference": self.order.name,
            "lines": dict(zip(self.order.order_line.ids, quantities, strict=False)),
            "lang": "en_US",
            "tz": "UTC",
        }
        statements = self.env["sale.withdrawal"].sudo()
        values = statements._prepare_record_values(declaration, "Words", place, "")
        receipt = statements._insert_once(values)
        return self.env["sale.withdrawal"].with_user(self.seller).browse(receipt.withdrawal_id)

    def test_clerk_who_comes_first_decides_on_the_part_that_was_declared(self):
        statement = self._record(2)
        self.assertFalse(statement.order_id)
        self.assertTrue(statement.action_match(self.order.id))
        self.assertTrue(statement.is_verified)
        self.assertEqual(statement.line_ids.quantity, 2)
        self.env["sale.withdrawal"]._process_pending()
        self.assertEqual(len(statement.mail_ids), 1)
        statement.action_accept()
        self.assertEqual(self.order.state, "sale", "a part is not the whole order")

    def test_clerk_who_comes_first_does_nothing_twice(self):
        status = self._map_event()
        for button, args in (
            ("action_accept", ()),
            ("action_decline", ("No",)),
            ("action_done", ()),
            ("action_send_acknowledgement", ()),
        ):
            with self.subTest(button):
                statement = self._record(1)
                getattr(statement, button)(*args)
                self.assertEqual(statement.step, "complete")
                self.assertEqual(statement.order_id, self.order)
                self.env["sale.withdrawal"]._process_pending()
                received = statement.mail_ids.filtered(lambda mail: mail.kind == "received")
                self.assertEqual(len(received), 1)
        self.assertEqual(self.order.order_status_id, status)

    def test_order_that_was_declared_is_not_matched_with_another(self):
        statement = self._record(2)
        with self.assertRaisesRegex(UserError, self.order.name):
            statement.action_match(self._create_web_order().id)

    # === MATCHING === #

    def test_declined_as_nobodys_can_still_be_matched(self):
        statement = self._enter(partner_name="Anna", email="anna@example.com")
        statement.action_decline("Not of ours")
        with self.assertRaises(UserError):
            statement.action_accept()
        self.assertTrue(statement.with_user(self.seller).action_match(self.order.id))
        self.assertEqual((statement.state, statement.order_id), ("received", self.order))
        self.assertFalse(statement.decline_reason)
        statement.action_accept()
        self.assertEqual(self.order.state, "cancel")

    def _count_unmatched(self, company=None):
        statements = self.env["sale.withdrawal"].search(
            [("company_id", "=", (company or self.company).id)]
        )
        return len(self._activities(statements, UNMATCHED))

    def test_unmatched_are_told_in_each_company(self):
        other = self.env["res.company"].create({"name": "WD other"})
        self.manager.company_ids += other
        self._enter(partner_name="Anna")
        self.env["sale.withdrawal"].create({"partner_name": "Ben", "company_id": other.id})
        self._enter(partner_name="Eva")
        self.assertEqual(self._count_unmatched(), 1)
        self.assertEqual(self._count_unmatched(other), 1)

    def test_unmatched_are_told_until_the_last_one_is_matched(self):
        self.env["sale.withdrawal"].search([])._set(is_matched=True)  # those of the database
        waiting = [self._enter(partner_name=f"Anna {number}") for number in range(3)]
        self.assertTrue(self._activities(waiting[0], UNMATCHED))
        waiting[0].action_match(self.order.id)
        self.assertTrue(self._activities(waiting[1], UNMATCHED))
        waiting[2].action_decline("A joke")
        self.assertEqual(self._count_unmatched(), 1)
        waiting[1].action_match(self.order.id)
        self.assertFalse(self._count_unmatched())

    def test_match_refuses_what_is_no_order(self):
        statement = self._enter(partner_name="Anna")
        draft = self._create_order(confirm=False)
        for wrong in (draft.id, 10**9, "1", True, None, False, [1]):
            with self.assertRaises(UserError):
                statement.action_match(wrong)
        matched = self._enter(self.order)
        with self.assertRaises(UserError):
            matched.action_match(self._create_web_order().id)

    # === BUTTONS === #

    def test_accept_cancels_an_order_of_which_nothing_has_left(self):
        statement = self._enter(self.order)
        self.assertTrue(statement.with_user(self.seller).action_accept())
        self.assertEqual(statement.state, "accepted")
        self.assertEqual(self.order.state, "cancel")
        self.assertEqual(self.order.order_status_id, self.rejected)
        self.assertFalse(self._activities(self.order, ACTIVITY))
        self.assertTrue(statement.action_accept(), "again")

    def test_accept_cancels_a_locked_order(self):
        self.order.action_lock()
        self._enter(self.order).action_accept()
        self.assertEqual(self.order.state, "cancel")

    def test_accept_of_a_part_leaves_the_order(self):
        statement = self._enter(self.order, line_ids=self._lines(self.order, 2))
        statement.action_accept()
        self.assertEqual(self.order.state, "sale")
        all_of_it = self._enter(self.order, line_ids=self._lines(self.order, 5))
        all_of_it.action_accept()
        self.assertEqual(self.order.state, "cancel")

    def test_accept_of_the_last_part_cancels_the_order(self):
        first = self._enter(self.order, line_ids=self._lines(self.order, 2))
        last = self._enter(self.order, line_ids=self._lines(self.order, 3))
        last.with_user(self.seller).action_accept()
        self.assertEqual(self.order.state, "sale", "the other one may be a repeat")
        first.with_user(self.seller).action_accept()
        self.assertEqual(self.order.state, "cancel")
        self.assertEqual(self.order.order_status_id, self.rejected)

    def test_parts_that_are_accepted_together_cancel_the_order(self):
        first = self._enter(self.order, line_ids=self._lines(self.order, 2))
        last = self._enter(self.order, line_ids=self._lines(self.order, 3))
        (first + last).action_accept()
        self.assertEqual(self.order.state, "cancel")

    def test_declined_part_does_not_count(self):
        self._enter(self.order, line_ids=self._lines(self.order, 2)).action_decline("Sent twice")
        self._enter(self.order, line_ids=self._lines(self.order, 3)).action_accept()
        self.assertEqual(self.order.state, "sale")

    def test_order_lowered_by_the_first_part_is_not_covered_by_it_once_more(self):
        self._enter(self.order, line_ids=self._lines(self.order, 2)).action_accept()
        self.order.order_line.product_uom_qty = 3
        self._enter(self.order, line_ids=self._lines(self.order, 1)).action_accept()
        self.assertEqual(self.order.state, "sale", "two of five are kept")
        self._enter(self.order, line_ids=self._lines(self.order, 2)).action_accept()
        self.assertEqual(self.order.state, "cancel")

    def test_accept_of_the_last_part_of_delivered_goods_leaves_the_order(self):
        self.product.type = "service"
        order = self._create_web_order()
        self._enter(order, line_ids=self._lines(order, 2)).action_accept()
        order.order_line.qty_delivered = 3
        self._enter(order, line_ids=self._lines(order, 3)).action_accept()
        self.assertEqual(order.state, "sale")

    def test_accept_of_delivered_goods_leaves_the_order(self):
        self.product.type = "service"
        order = self._create_web_order()
        order.order_line.qty_delivered = 5
        self._enter(order).action_accept()
        self.assertEqual(order.state, "sale")

    def test_return_is_not_offered_where_no_transfer_has_brought_anything(self):
        self.product.type = "service"
        order = self._create_web_order()
        order.order_line.qty_delivered = 5
        statement = self._enter(order)
        self.assertTrue(statement.has_goods_out)
        self.assertFalse(statement.can_return)
        arch = etree.fromstring(statement.get_view(view_type="form")["arch"])
        (button,) = arch.xpath("//button[@name='action_create_return']")
        self.assertIn("not can_return", button.get("invisible"))

    def test_accept_needs_an_order(self):
        statement = self._enter(partner_name="Anna")
        with self.assertRaisesRegex(UserError, "match"):
            statement.action_accept()
        self.assertEqual(statement.state, "received")

    def test_decline_needs_a_reason(self):
        statement = self._enter(self.order)
        for reason in ("", "   ", False, None, "x" * 2001):
            with self.assertRaises(UserError):
                statement.action_decline(reason)
        self.assertEqual(statement.state, "received")
        self.assertTrue(statement.action_decline("The seal was opened"))
        self.assertEqual(statement.state, "declined")
        self.assertEqual(statement.decline_reason, "The seal was opened")
        with self.assertRaises(UserError):
            statement.action_done()
        statement.action_accept()
        self.assertEqual(statement.state, "accepted")

    def test_done_is_the_end(self):
        statement = self._enter(self.order)
        self.assertTrue(statement.action_done())
        self.assertTrue(statement.action_done(), "again")
        with self.assertRaises(UserError):
            statement.action_decline("No")

    def test_done_vouches_for_the_order(self):
        status = self._map_event()
        self._declare(email="stranger@example.com")
        statement = self._withdrawals(self.order).with_user(self.seller)
        self.assertNotEqual(self.order.order_status_id, status)
        statement.action_done()
        self.assertTrue(statement.is_matched)
        self.assertEqual(self.order.order_status_id, status)
        self.assertIn("stranger@example.com", statement.mail_ids.mapped("email"))
        self.assertFalse(self._activities(self.order, ACTIVITY))

    def test_done_needs_an_order(self):
        statement = self._enter(partner_name="Anna")
        with self.assertRaisesRegex(UserError, "match"):
            statement.action_done()
        self.assertEqual(statement.state, "received")

    def test_done_by_a_slip_is_opened_again(self):
        statement = self._enter(self.order)
        with self.assertRaises(UserError):
            statement.action_reopen()
        statement.action_done()
        other = self.env["res.partner"].create({"name": "Other", "email": "other@example.com"})
        self.assertTrue(statement.with_user(self.seller).action_reopen())
        self.assertEqual(statement.state, "accepted")
        self.assertEqual(self.order.state, "sale", "nothing is cancelled by it")
        with self.assertRaises(UserError):
            self.order.with_user(self.seller).partner_id = other
        statement.action_done()
        statement.sudo()._anonymise()
        with self.assertRaisesRegex(UserError, "anonymised"):
            statement.action_reopen()
        self.assertEqual(statement.state, "done")

    def test_decline_says_whether_the_customer_is_told(self):
        self._declare(email="stranger@example.com")
        unmatched = self._withdrawals(self.order)
        entered = self._enter(self.order)
        dialogs = self.env["sale.withdrawal.decline"].with_user(self.seller)
        for statement, is_told in ((unmatched, False), (entered, True)):
            with Form(dialogs.with_context(default_withdrawal_id=statement.id)) as form:
                form.reason = "The seal was opened"
                self.assertEqual(form.is_told, is_told)
            form.record.action_decline()
            answers = statement.mail_ids.filtered(lambda mail: mail.kind == "declined")
            self.assertEqual(bool(answers), is_told)

    def test_order_goes_to_no_other_customer_while_it_is_open(self):
        statement = self._enter(self.order)
        other = self.env["res.partner"].create({"name": "Other", "email": "other@example.com"})
        colleague = self.env["res.partner"].create(
            {"name": "Same", "parent_id": self.customer.id, "type": "contact"}
        )
        self.order.partner_id = colleague
        for state in ("sale", "draft"):
            self.assertEqual(self.order.state, state)
            with self.assertRaises(UserError) as refused, self.cr.savepoint():
                self.order.with_user(self.seller).partner_id = other
            self.assertIn(statement.name, str(refused.exception))
            self.assertEqual(self.order.partner_id, colleague)
            if state == "sale":
                statement.action_accept()
                self.order.action_draft()
        statement.action_done()
        self.order.with_user(self.seller).partner_id = other
        self.assertEqual(self.order.partner_id, other)

    def test_unmatched_is_declined_without_a_mail_to_a_stranger(self):
        self._declare(email="stranger@example.com")
        statement = self._withdrawals()[-1]
        mails = statement.mail_ids
        statement.action_decline("Not yours")
        self.assertEqual(statement.mail_ids, mails)

    def test_context_brings_nothing_that_nobody_enters(self):
        statements = self.env["sale.withdrawal"].with_user(self.seller)
        statement = statements.with_context(
            default_state="done", default_step="complete", default_mail_state="sent"
        ).create({"order_id": self.order.id})
        self.assertEqual((statement.state, statement.mail_state), ("received", "pending"))
        self.assertTrue(self._activities(self.order, ACTIVITY))

    # === VIEWS === #

    def test_form_and_lists_open(self):
        with Form(self.env["sale.withdrawal"].with_user(self.seller)) as form:
            form.order_id = self.order
            form.reason = "By letter"
        statement = self._withdrawals(self.order)
        self.assertEqual(statement.source, "staff")
        self.assertIn("By letter", statement.statement)
        Form(statement)
        Form(self.order.with_user(self.seller))
        rows = self.env["sale.withdrawal.report"].search([("order_id", "=", self.order.id)])
        self.assertEqual(rows.product_id, self.product)
        self.assertEqual(rows.quantity, 5)
        self.assertEqual(rows.reason, "By letter")

    def test_pivot_has_what_customers_withdraw_from(self):
        """The delivery is no article of theirs, nor is the heading of a set."""
        choice = self.env["product.combo"].create(
            {"name": "c", "combo_item_ids": [Command.create({"product_id": self.product.id})]}
        )
        heading, delivery = self.env["product.product"].create(
            [
                {"name": "Set", "type": "combo", "combo_ids": [Command.set(choice.ids)]},
                {"name": "Parcel", "type": "service", "list_price": 5},
            ]
        )
        order = self._create_web_order(
            order_line=[
                Command.create({"product_id": product.id, "product_uom_qty": 1})
                for product in (heading, self.product, delivery)
            ]
        )
        charge = order.order_line[2]
        if "is_delivery" in charge._fields:
            charge.is_delivery = True
        else:
            charge.price_unit = -5
        statement = self._enter(order)
        self.assertEqual(statement._get_withdrawn_lines().product_id, self.product)
        rows = self.env["sale.withdrawal.report"].search([("withdrawal_id", "=", statement.id)])
        self.assertEqual(rows.product_id, self.product)
        self.assertEqual(len(rows), 1)

    def test_case_is_printed_with_its_hash(self):
        statement = self._enter(self.order, reason="By letter")
        report = self.env["ir.actions.report"]
        for name in ("receipt", "case"):
            html, _type = report._render_qweb_html(
                f"order_withdrawal.report_withdrawal_{name}_action", statement.ids
            )
            self.assertIn(statement.statement_hash, html.decode())
            self.assertIn("By letter", html.decode())
