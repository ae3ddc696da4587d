import base64
import io
import json
from datetime import timedelta
from unittest.mock import patch

from PIL import Image

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_actions_report import IrActionsReport

from ..signature import is_signature, read_name
from .common import SIGNATURE, AgreementCommon

PDF = b"%PDF-1.4 as signed"


@tagged("post_install", "-at_install")
class SealCommon(AgreementCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = cls.env["b2b.agreement.template"].create(
            {
                "name": "Terms",
                "sequence": -10,
                "body": "<p>{{ number }}: {{ customer }} buys at {{ pricelist }}, from"
                " {{ minimum_order }}, {{ date_start }} to {{ date_end }}</p>",
            }
        )

    def _create_sent(self, **values):
        """Create an agreement with the text of the template, sent by the seller."""
        agreement = self._create_agreement(body=False, template_id=self.template.id, **values)
        agreement = agreement.with_user(self.seller_user)
        agreement.action_send()
        return agreement

    def _sign_with_pdf(self, agreement):
        """Sign as the portal does, with a PDF that is no real one."""
        agreement = agreement.sudo()
        partner = self.buyer_user.partner_id
        agreement._sign("Anna Buyer", SIGNATURE, partner)
        with patch.object(IrActionsReport, "_render_qweb_pdf", return_value=(PDF, "pdf")):
            agreement._keep_signed_pdf(partner)
        self.env.flush_all()
        return agreement


class TestSeal(SealCommon):
    # === THE SIGNATURE IS THE CUSTOMER'S === #

    def test_users_do_not_sign_for_the_customer(self):
        Agreement = self.env["b2b.agreement"].with_user(self.seller_user)
        own = {"partner_id": self.customer.id}
        for values in (
            {"state": "signed"},
            {"state": "terminated"},
            {"signed_by": "Rita"},
            {"signed_on": "2025-01-01 10:00:00"},
            {"signature": SIGNATURE},
            {"signed_partner_id": self.buyer_user.partner_id.id},
        ):
            with self.subTest(create=values), self.assertRaises(UserError), self.cr.savepoint():
                Agreement.create({**own, **values})
            defaults = {f"default_{name}": value for name, value in values.items()}
            with self.subTest(default=values), self.assertRaises(UserError), self.cr.savepoint():
                Agreement.with_context(**defaults).create(own)
        agreement = self._create_sent()
        for values in (
            {"state": "signed"},
            {"state": "signed", "signed_by": "Rita", "signature": SIGNATURE},
            {"signed_by": "Rita"},
            {"signed_on": "2025-01-01 10:00:00"},
            {"terminated_on": "2025-01-01 10:00:00"},
        ):
            with self.subTest(write=values), self.assertRaises(UserError):
                agreement.write(values)
            with self.subTest(key=values), self.assertRaises(UserError):
                agreement.with_context(b2b_agreement_seal=True).write(values)
        self.assertEqual(agreement.state, "sent")
        self.assertFalse(agreement.signed_by)

    def test_import_does_not_sign(self):
        Agreement = self.env["b2b.agreement"].with_user(self.seller_user)
        result = Agreement.load(["partner_id/.id", "state"], [[str(self.customer.id), "Signed"]])
        self.assertFalse(result["ids"])
        self.assertIn("signed by the customer", result["messages"][0]["message"])

    def test_trusted_code_may_bring_what_was_signed_before(self):
        agreement = self._create_agreement(state="signed", signed_on="2025-01-01 10:00:00")
        self.assertEqual(str(agreement.signed_on), "2025-01-01 10:00:00")
        self.assertTrue(agreement.signed_hash)
        self.assertTrue(agreement.is_body_intact)

    def test_state_goes_the_usual_ways_by_write_too(self):
        agreement = self._create_agreement().with_user(self.seller_user)
        with self.assertRaises(UserError):
            agreement.state = "terminated"
        agreement.state = "sent"
        agreement.state = "terminated"
        self.assertTrue(agreement.terminated_on)

    # === WHAT IS SEALED === #

    def test_signed_terms_do_not_change(self):
        term = self.env["account.payment.term"].create({"name": "45 days"})
        agreement = self._sign_with_pdf(self._create_sent()).with_user(self.seller_user)
        for values in (
            {"minimum_order_amount": 1},
            {"date_end": False},
            {"date_start": "2020-01-01"},
            {"pricelist_id": self.rival_pricelist.id},
            {"payment_term_id": term.id},
            {"po_number_required": True},
            {"name": "Other"},
            {"body": "<p>Other</p>"},
            {"partner_id": self.rival.id},
            {"signed_hash": "0" * 64},
            {"signed_statement": "{}"},
            {"pdf_attachment_id": False},
            {"pdf_hash": "0" * 64},
        ):
            with self.subTest(values=values), self.assertRaises(UserError):
                agreement.write(values)
            with self.subTest(admin=values), self.assertRaises(UserError):
                agreement.with_user(self.env.ref("base.user_admin")).write(values)
        agreement.user_id = self.env.ref("base.user_admin")
        self.assertTrue(agreement.is_body_intact)
        agreement.action_terminate()
        with self.assertRaises(UserError):
            agreement.minimum_order_amount = 1

    def test_statement_says_what_was_signed(self):
        agreement = self._sign_with_pdf(self._create_sent(minimum_order_amount=500))
        statement = json.loads(agreement.signed_statement)
        self.assertEqual(statement["names"]["customer"], "Buyer Ltd")
        self.assertEqual(statement["names"]["pricelist"], "Buyer list")
        self.assertEqual(statement["terms"]["minimum_order_amount"], 500)
        self.assertEqual(statement["terms"]["text"], agreement.signed_body_hash)
        self.assertEqual(statement["signature"]["by"], "Anna Buyer")
        self.assertEqual(agreement.signed_hash, agreement._hash(agreement.signed_statement))

    def test_every_change_past_the_guards_breaks_the_seal(self):
        agreement = self._sign_with_pdf(self._create_sent())
        self.assertTrue(agreement.is_body_intact)
        for column, value in (
            ("minimum_order_amount", 9),
            ("date_end", "2999-01-01"),
            ("pricelist_id", self.rival_pricelist.id),
            ("po_number_required", True),
            ("partner_id", self.rival.id),
            ("signed_by", "Rita"),
            ("signed_on", "2025-01-01"),
            ("signed_statement", "{}"),
            ("body", "<p>Forged</p>"),
        ):
            with self.subTest(column=column):
                savepoint = self.cr.savepoint()
                self.cr.execute(
                    f"UPDATE b2b_agreement SET {column} = %s WHERE id = %s", [value, agreement.id]
                )
                self.env.invalidate_all()
                self.assertFalse(agreement.is_body_intact)
                savepoint.close(rollback=True)
                self.env.invalidate_all()
        self.assertTrue(agreement.is_body_intact)

    def test_renamed_customer_leaves_the_seal_whole(self):
        agreement = self._sign_with_pdf(self._create_sent())
        self.customer.name = "Buyer & Sons Ltd"
        self.assertTrue(agreement.is_body_intact)
        self.assertTrue(agreement.with_user(self.buyer_user).is_body_intact)

    def test_former_signatures_are_sealed_once(self):
        agreement = self._sign_with_pdf(self._create_sent())
        self.cr.execute(
            "UPDATE b2b_agreement SET signed_statement = NULL, signed_hash = NULL, pdf_hash = NULL"
            " WHERE id = %s",
            [agreement.id],
        )
        self.env.invalidate_all()
        agreement._seal_former()
        self.assertTrue(agreement.signed_hash)
        self.assertEqual(agreement._get_pdf(), PDF)
        self.assertTrue(agreement.is_body_intact)

    # === THE KEPT PDF === #

    def test_no_other_file_is_served_as_the_pdf(self):
        secret = self.env["ir.attachment"].create(
            {"name": "payroll", "raw": b"SECRET", "res_model": "res.company", "res_id": 1}
        )
        for values in ({"state": "draft"}, {"state": "signed"}):
            with self.subTest(values=values), self.assertRaises(UserError), self.cr.savepoint():
                self.env["b2b.agreement"].with_user(self.seller_user).create(
                    {"partner_id": self.customer.id, "pdf_attachment_id": secret.id, **values}
                )
        agreement = self._sign_with_pdf(self._create_sent())
        self.cr.execute(
            "UPDATE b2b_agreement SET pdf_attachment_id = %s WHERE id = %s",
            [secret.id, agreement.id],
        )
        self.env.invalidate_all()
        fresh = patch.object(IrActionsReport, "_render_qweb_pdf", return_value=(b"fresh", "pdf"))
        with fresh, mute_logger("odoo.addons.b2b_agreement.models.b2b_agreement.seal"):
            self.assertEqual(agreement._get_pdf(), b"fresh")
            self.assertFalse(agreement.is_body_intact)

    def test_files_of_a_signed_agreement_are_kept(self):
        agreement = self._sign_with_pdf(self._create_sent())
        pdf = agreement.pdf_attachment_id
        domain = [("res_model", "=", "b2b.agreement"), ("res_id", "=", agreement.id)]
        picture = pdf.search([*domain, ("res_field", "=", "signature")])
        other = pdf.create({"name": "x", "raw": b"x", "res_model": "b2b.agreement"})
        for user in (self.seller_user, self.env.ref("base.user_admin")):
            for file in (pdf, picture):
                for values in (
                    {"raw": b"OTHER"},
                    {"datas": base64.b64encode(b"OTHER")},
                    {"res_id": False},
                    {"res_model": "res.partner"},
                    {"type": "url", "url": "https://example.com"},
                ):
                    with self.subTest(values=values), self.assertRaises(UserError):
                        file.with_user(user).write(values)
                with self.subTest(file=file), self.assertRaises(UserError):
                    file.with_user(user).unlink()
            with self.assertRaises(UserError), self.cr.savepoint():
                other.with_user(user).write({"res_id": agreement.id, "res_field": "signature"})
            with self.assertRaises(UserError), self.cr.savepoint():
                pdf.with_user(user).create(
                    {
                        "name": "signature",
                        "raw": b"x",
                        "res_model": "b2b.agreement",
                        "res_id": agreement.id,
                        "res_field": "signature",
                    }
                )
        with self.assertRaises(UserError):
            # as the chatter's button does
            pdf.sudo()._delete_and_notify()
        self.assertEqual(agreement._get_pdf(), PDF)
        # Other files come and go.
        note = pdf.with_user(self.seller_user).create(
            {"name": "n", "raw": b"n", "res_model": "b2b.agreement", "res_id": agreement.id}
        )
        note.raw = b"m"
        note.unlink()

    @mute_logger("odoo.addons.b2b_agreement.models.b2b_agreement.seal")
    def test_pdf_that_was_exchanged_is_not_served(self):
        agreement = self._sign_with_pdf(self._create_sent())
        agreement.pdf_attachment_id.sudo().raw = b"%PDF-1.4 OTHER TERMS"
        fresh = patch.object(IrActionsReport, "_render_qweb_pdf", return_value=(b"fresh", "pdf"))
        with fresh:
            self.assertEqual(agreement._get_pdf(), b"fresh")
        self.assertFalse(agreement.is_body_intact)

    # === COPIES FOR BOTH SIDES === #

    def test_salesperson_and_signer_get_the_signed_copy(self):
        agreement = self._create_agreement(user_id=self.seller_user.id)
        agreement.message_unsubscribe(self.seller_user.partner_id.ids)
        agreement.action_send()
        self._sign_with_pdf(agreement)
        message = agreement.message_ids[0]
        told = self.seller_user.partner_id | self.buyer_user.partner_id
        self.assertLessEqual(told, message.notified_partner_ids)
        self.assertEqual(message.attachment_ids, agreement.pdf_attachment_id)
        mails = self.env["mail.mail"].search([("mail_message_id", "=", message.id)])
        self.assertLessEqual(self.buyer_user.partner_id, mails.recipient_ids)

    @mute_logger("odoo.addons.mail_delivery_retry.attempt")
    def test_copy_follows_when_the_pdf_could_not_be_made(self):
        agreement = self._create_agreement(user_id=self.seller_user.id, state="sent")
        agreement._sign("Anna", SIGNATURE, self.buyer_user.partner_id)
        with patch.object(IrActionsReport, "_render_qweb_pdf", side_effect=UserError("none")):
            agreement._keep_signed_pdf(self.buyer_user.partner_id)
        self.assertFalse(agreement.pdf_attachment_id)
        with patch.object(IrActionsReport, "_render_qweb_pdf", return_value=(PDF, "pdf")):
            agreement._make_missing_pdf()
        notice = self.env["mail.message"].search(
            [("model", "=", "b2b.agreement"), ("res_id", "=", agreement.id)], order="id desc"
        )[0]
        self.assertEqual(notice.attachment_ids, agreement.pdf_attachment_id)
        told = self.seller_user.partner_id | self.buyer_user.partner_id
        self.assertLessEqual(told, notice.notified_partner_ids)

    # === A SIGNATURE IS A PICTURE === #

    def _draw(self, mode, size, colour, kind="PNG", line=None):
        picture = Image.new(mode, size, colour)
        if line is not None:
            picture.putpixel((1, 1), line)
        file = io.BytesIO()
        picture.save(file, kind)
        return base64.b64encode(file.getvalue()).decode()

    def test_only_a_picture_with_ink_is_a_signature(self):
        for good in (
            SIGNATURE,
            SIGNATURE.encode(),
            self._draw("RGBA", (300, 100), (0, 0, 0, 0), line=(0, 0, 0, 255)),
            self._draw("RGB", (300, 100), "navy", kind="JPEG"),
            self._draw("L", (5, 5), 255, line=0),
        ):
            with self.subTest(good=good[:30]):
                self.assertTrue(is_signature(good))
        svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
        bad_bytes = (b"<script>alert(1)</script>", b"RIFF\0\0\0\0WEBPVP8 zzzz", svg, b"\x89PNG")
        whole = base64.b64decode(self._draw("RGB", (300, 300), "black"))
        for bad in (
            "",
            "  ",
            "....",
            "====",
            "!!!",
            None,
            5,
            ["x"],
            SIGNATURE + "\n",
            *(base64.b64encode(content).decode() for content in bad_bytes),
            base64.b64encode(whole[:-40]).decode(),
            self._draw("RGBA", (300, 100), (0, 0, 0, 0)),
            self._draw("RGB", (300, 100), "white"),
            self._draw("RGB", (50, 50), "black", kind="GIF"),
            self._draw("1", (20_000, 20_000), 0),
        ):
            with self.subTest(bad=str(bad)[:30]):
                self.assertFalse(is_signature(bad))

    def test_sign_refuses_what_is_no_picture(self):
        agreement = self._create_sent().sudo()
        for signature in ("....", base64.b64encode(b"<script>").decode()):
            with self.subTest(signature=signature), self.assertRaisesRegex(UserError, "missing"):
                agreement._sign("Anna", signature, self.buyer_user.partner_id)
        self.assertEqual(agreement.state, "sent")

    def test_name_is_one_line(self):
        for name, expected in (
            ("Rita\r\nRetail", "Rita Retail"),
            (" Rita\t Retail\u2028", "Rita Retail"),
            ("Rita\u202eliateR", "RitaliateR"),
            ("Zażółć O'Gęśl", "Zażółć O'Gęśl"),
            ("\u200b \u200e", ""),
            (None, ""),
            (["x"], ""),
        ):
            with self.subTest(name=name):
                self.assertEqual(read_name(name), expected)


class TestChangesAfterSending(SealCommon):
    def test_changed_agreement_has_to_be_sent_again(self):
        term = self.env["account.payment.term"].create({"name": "45 days"})
        for values in (
            {"minimum_order_amount": 9000},
            {"date_end": fields.Date.today() + timedelta(days=9)},
            {"pricelist_id": self.rival_pricelist.id},
            {"payment_term_id": term.id},
            {"po_number_required": True},
            {"partner_id": self.rival.id},
            {"body": "<p>Other words</p>"},
        ):
            with self.subTest(values=values):
                agreement = self._create_sent(partner_id=self.customer.id)
                agreement.write(values)
                self.assertEqual(agreement.state, "draft")
                self.assertIn("Send it anew", agreement.message_ids.mapped("body")[0])
                with self.assertRaisesRegex(UserError, "not open"):
                    agreement.sudo()._sign("Anna", SIGNATURE, self.buyer_user.partner_id)
                if "body" not in values:
                    self.assertTrue(agreement._has_text_of_template())
                agreement.action_send()
                self.assertEqual(agreement.state, "sent")

    def test_writing_the_same_changes_nothing(self):
        agreement = self._create_sent(minimum_order_amount=5)
        agreement.write({"minimum_order_amount": 5, "partner_id": self.customer.id})
        agreement.user_id = self.env.ref("base.user_admin")
        self.assertEqual(agreement.state, "sent")

    def test_change_and_sending_in_one_write_is_a_draft(self):
        agreement = self._create_sent()
        agreement.write({"minimum_order_amount": 9000, "state": "sent"})
        self.assertEqual(agreement.state, "draft")

    def test_customer_is_not_shown_anothers_name(self):
        agreement = self._create_sent()
        agreement.write({"partner_id": self.rival.id})
        self.assertNotIn("Buyer Ltd", agreement.body)
        self.assertIn("Rival Ltd", agreement.body)

    def test_statement_hash_follows_all_that_the_page_states(self):
        agreement = self._create_sent().sudo()
        seen = {agreement._get_statement_hash()}
        term = self.env["account.payment.term"].create({"name": "45 days"})
        for values in (
            {"minimum_order_amount": 1},
            {"date_start": "2020-01-01"},
            {"date_end": False},
            {"pricelist_id": self.rival_pricelist.id},
            {"payment_term_id": term.id},
            {"po_number_required": True},
            {"body": "<p>x</p>"},
            {"partner_id": self.rival.id},
        ):
            agreement.write(values)
            seen.add(agreement._get_statement_hash())
        self.rival_pricelist.currency_id = self._get_other_currency()
        seen.add(agreement._get_statement_hash())
        self.rival.name = "Renamed Ltd"
        seen.add(agreement._get_statement_hash())
        self.assertEqual(len(seen), 11)

    def _get_other_currency(self):
        currencies = self.env["res.currency"].with_context(active_test=False)
        other = currencies.search([("id", "!=", self.company.currency_id.id)], limit=1)
        other.active = True
        return other

    def test_hash_is_the_same_in_every_language_and_for_everyone(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        term = self.env["account.payment.term"].create({"name": "45 days"})
        term.with_context(lang="pl_PL").name = "45 dni"
        agreement = self._create_sent(payment_term_id=term.id)
        expected = agreement._get_statement_hash()
        for user, lang in ((self.buyer_user, "pl_PL"), (self.seller_user, "en_US")):
            other = agreement.with_user(user).with_context(lang=lang)
            self.env.invalidate_all()
            self.assertEqual(other._get_statement_hash(), expected)

    # === WHAT IS NOT SENT === #

    def test_what_nobody_should_read_is_not_sent(self):
        today = fields.Date.today()
        archived = self._create_pricelist(name="Old list")
        template = self.env["b2b.agreement.template"].create(
            {"name": "t", "body": "<p>{{ custommer }}</p>"}
        )
        agreements = {
            "no text": self._create_agreement(body="<p><br></p>"),
            "{{ custommer }}": self._create_agreement(body=False, template_id=template.id),
            "{{": self._create_agreement(body="<p>{<b>{ customer }</b>}</p>"),
            "ended already": self._create_agreement(date_end=today - timedelta(days=1)),
            "archived": self._create_agreement(pricelist_id=archived.id),
        }
        archived.active = False
        for words, agreement in agreements.items():
            agreement = agreement.with_user(self.seller_user)
            with self.subTest(words=words):
                self.assertIn(words, agreement.signing_hint)
                for send in (
                    agreement.action_send,
                    lambda agreement=agreement: agreement.write({"state": "sent"}),
                ):
                    with self.assertRaises(UserError) as refusal, self.cr.savepoint():
                        send()
                    self.assertIn(words, str(refusal.exception))
                self.env.invalidate_all()
                self.assertEqual(agreement.state, "draft")
                self.assertFalse(agreement.message_ids.filtered("notification_ids"))
        with self.assertRaisesRegex(UserError, "no text"), self.cr.savepoint():
            self.template.search([]).active = False
            self.env["b2b.agreement"].with_user(self.seller_user).create(
                {"partner_id": self.customer.id, "state": "sent"}
            )

    def test_what_nobody_should_read_is_not_signed(self):
        agreement = self._create_sent().sudo()
        agreement.body = False
        with self.assertRaisesRegex(UserError, "not ready"):
            agreement._sign("Anna", SIGNATURE, self.buyer_user.partner_id)

    def test_pasted_placeholders_are_filled(self):
        self.template.body = (
            "<p>{{&nbsp;customer }} / {{ <b>pricelist</b> }} / <i>{{</i>number<i>}}</i></p>"
        )
        agreement = self._create_sent()
        for words in ("Buyer Ltd / ", "<b>Buyer list</b>", f"{agreement.name}"):
            self.assertIn(words, agreement.body)
        self.assertNotIn("{{", agreement.body)

    def test_edited_text_is_pointed_out(self):
        agreement = self._create_sent()
        self.assertFalse(agreement.signing_hint)
        agreement.body = "<p>Our own words</p>"
        self.assertIn("does not follow the terms", agreement.signing_hint)


class TestCopies(SealCommon):
    def test_duplicate_is_a_new_draft_with_its_own_text(self):
        first = self._create_sent(minimum_order_amount=500)
        copy = first.copy()
        self.assertEqual(copy.state, "draft")
        self.assertIn(copy.name, copy.body)
        self.assertNotIn(first.name, copy.body)
        copy.write(
            {
                "partner_id": self.rival.id,
                "pricelist_id": self.rival_pricelist.id,
                "minimum_order_amount": 0,
            }
        )
        copy.action_send()
        for words in ("Buyer", "500", first.name):
            self.assertNotIn(words, copy.body)
        self.assertIn("Rival list", copy.body)

    def test_duplicate_for_another_customer_at_once(self):
        copy = self._create_sent().copy({"partner_id": self.rival.id})
        self.assertIn("Rival Ltd", copy.body)
        self.assertNotIn("Buyer Ltd", copy.body)

    def test_negotiated_text_is_not_given_to_the_next_customer(self):
        edited = self._create_sent()
        edited.body = f"{edited.body}<p>Special clause of Buyer Ltd</p>"
        own = self._create_agreement(body="<p>Handwritten for Buyer Ltd</p>")
        for agreement in (edited, own):
            copy = agreement.copy()
            self.assertEqual(copy.template_id, self.template)
            self.assertTrue(copy._has_text_of_template())
            self.assertIn("not taken over", copy.message_ids.mapped("body")[0])
        several = (edited | own).copy()
        self.assertEqual(len(set(several.mapped("body"))), 2)

    def test_renewal_of_a_negotiated_text_has_its_own_number_and_dates(self):
        agreement = self._create_agreement(
            body=False,
            template_id=self.template.id,
            date_start="2027-01-01",
            date_end="2027-12-31",
        )
        agreement.body = f"{agreement.body}<p>Special clause, no 12/31/20277</p>"
        agreement.action_send()
        agreement._sign("Anna", SIGNATURE, self.buyer_user.partner_id)
        agreement.action_renew()
        renewal = agreement.renewal_ids
        for words in (agreement.name, "12/31/2027 ", "01/01/2027"):
            self.assertNotIn(words, renewal.body)
        for words in (renewal.name, "12/31/2028", "01/01/2028", "Special clause, no 12/31/20277"):
            self.assertIn(words, renewal.body)
        self.assertIn("read it before you send it", renewal.message_ids.mapped("body")[0])


class TestReminderRules(SealCommon):
    def _sign(self, start, end, **values):
        today = fields.Date.today()
        return self._create_agreement(
            state="signed",
            user_id=self.seller_user.id,
            date_start=today + timedelta(days=start),
            date_end=end is not None and today + timedelta(days=end),
            **values,
        )

    def test_no_reminder_where_the_next_agreement_follows(self):
        agreement = self._sign(-345, 20)
        self.assertEqual(agreement._get_due_reminder(), 30)
        self.assertIn(agreement, agreement._search_reminders_due())
        self._sign(21, None)
        self.assertEqual(agreement._get_due_reminder(), 0)
        self.assertNotIn(agreement, agreement._search_reminders_due())

    def test_gap_before_the_renewal_is_reminded_of(self):
        agreement = self._sign(-345, 20)
        self._sign(90, None, renewed_from_id=agreement.id)
        self.assertEqual(agreement._get_due_reminder(), 30)

    def test_what_follows_for_others_does_not_count(self):
        agreement = self._sign(-345, 20)
        self._sign(-100, None, partner_id=self.rival.id)
        self._create_agreement(
            date_start=fields.Date.today() + timedelta(days=21), date_end=False, state="sent"
        )
        self.assertEqual(agreement._get_due_reminder(), 30)

    def test_short_agreement_is_not_reminded_of_at_once(self):
        self.assertEqual(self._sign(0, 20)._get_due_reminder(), 0)

    def test_activities_are_closed_by_what_follows(self):
        agreement = self._sign(-300, 5)
        agreement._try_remind()
        own = agreement.activity_schedule("mail.mail_activity_data_todo", summary="Call them")
        self.assertEqual(len(agreement.activity_ids), 2)
        agreement.action_renew()
        renewal = agreement.renewal_ids
        renewal.state = "sent"
        self.assertEqual(len(agreement.activity_ids), 2)
        renewal._sign("Anna", SIGNATURE, self.buyer_user.partner_id)
        self.assertEqual(agreement.activity_ids, own)

    def test_activities_are_closed_by_the_termination(self):
        agreement = self._sign(-300, 5)
        agreement._try_remind()
        agreement.with_user(self.seller_user).action_terminate()
        self.assertFalse(agreement.activity_ids)


class TestRights(SealCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own_user = new_test_user(
            cls.env, "b2b_own", groups="base.group_user,sales_team.group_sale_salesman"
        )
        cls.clerk = new_test_user(cls.env, "b2b_clerk", groups="base.group_user")

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_own_documents_only(self):
        foreign = self._create_sent(user_id=self.seller_user.id).sudo()
        own = self._create_agreement(user_id=self.own_user.id)
        nobodys = self._create_agreement()
        nobodys.user_id = False
        Agreement = self.env["b2b.agreement"].with_user(self.own_user)
        found = Agreement.search([("id", "in", (foreign | own | nobodys).ids)])
        self.assertEqual(found, own | nobodys)
        for method in ("action_terminate", "action_draft", "action_renew", "read"):
            with self.subTest(method=method), self.assertRaises(AccessError):
                getattr(foreign.with_user(self.own_user), method)()
        with self.assertRaises(AccessError):
            foreign.with_user(self.own_user).pricelist_id = self.rival_pricelist

    @mute_logger("odoo.addons.base.models.ir_model")
    def test_people_without_sales_rights_read_no_agreement(self):
        agreement = self._create_signed_agreement()
        with self.assertRaises(AccessError):
            agreement.with_user(self.clerk).read(["body"])
        with self.assertRaises(AccessError):
            self.customer.with_user(self.clerk).read(["b2b_agreement_ids"])
        Agreement = self.env["b2b.agreement"].with_user(self.clerk)
        self.assertFalse(Agreement._get_portal_agreements())

    def test_agreement_rules_for_those_who_do_not_read_it(self):
        term = self.env["account.payment.term"].create({"name": "45 days"})
        agreement = self._create_signed_agreement(
            payment_term_id=term.id, user_id=self.seller_user.id
        )
        for user in (self.clerk, self.own_user):
            partner = self.customer.with_user(user)
            with self.subTest(user=user.login):
                self.assertEqual(partner._get_b2b_agreement(), agreement)
                self.assertTrue(partner.b2b_agreement_id)
                self.assertTrue(partner.search([("b2b_agreement_id", "!=", False)]))
        order = self.env["sale.order"].with_user(self.own_user)
        order = order.create({"partner_id": self.customer.id})
        self.assertEqual(order.payment_term_id, term)


class TestAdministrator(SealCommon):
    """Administrators have every right in the back office; no right to sign for a customer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.env.ref("base.user_admin")

    def test_administrators_do_not_sign_for_the_customer(self):
        agreement = self._create_sent().with_user(self.admin)
        with self.assertRaisesRegex(UserError, "signed by the customer"):
            agreement.state = "signed"
        with self.assertRaisesRegex(UserError, "signed by the customer"), self.cr.savepoint():
            agreement.copy({"state": "signed"})

    def test_change_by_an_administrator_makes_a_draft_too(self):
        agreement = self._create_sent().with_user(self.admin)
        agreement.minimum_order_amount = 1
        self.assertEqual(agreement.state, "draft")

    def test_server_action_of_a_user_changes_nothing_signed(self):
        agreement = self._sign_with_pdf(self._create_sent())
        action = self.env["ir.actions.server"].create(
            {
                "name": "Cheaper",
                "model_id": self.env["ir.model"]._get_id("b2b.agreement"),
                "state": "code",
                "code": "record.write({'minimum_order_amount': 1})",
            }
        )
        context = {
            "active_model": "b2b.agreement",
            "active_id": agreement.id,
            "active_ids": agreement.ids,
        }
        with self.assertRaises(UserError), mute_logger("odoo.addons.base.models.ir_actions"):
            action.with_user(self.admin).with_context(**context).run()
        self.assertFalse(agreement.minimum_order_amount)

    def test_import_changes_nothing_signed(self):
        agreement = self._sign_with_pdf(self._create_sent())
        Agreement = self.env["b2b.agreement"].with_user(self.admin)
        rows = [[str(agreement.id), "1"]]
        result = Agreement.load([".id", "minimum_order_amount"], rows)
        self.assertFalse(result["ids"])
        self.assertIn("cannot be changed", result["messages"][0]["message"])

    def test_several_at_once_are_changed_all_or_none(self):
        signed = self._sign_with_pdf(self._create_sent()).with_user(self.admin)
        draft = self._create_agreement(partner_id=self.rival.id).with_user(self.admin)
        with self.assertRaises(UserError):
            (signed | draft).write({"minimum_order_amount": 1})
        self.assertFalse(draft.minimum_order_amount)

    def test_change_of_several_sent_ones_takes_back_those_that_differ(self):
        changed = self._create_sent(minimum_order_amount=5)
        same = self._create_sent(partner_id=self.rival.id, minimum_order_amount=9)
        (changed | same).write({"minimum_order_amount": 9})
        self.assertEqual((changed.state, same.state), ("draft", "sent"))

    def test_trusted_code_corrects_and_it_shows(self):
        agreement = self._sign_with_pdf(self._create_sent())
        agreement.sudo().minimum_order_amount = 7
        self.assertFalse(agreement.is_body_intact)
        agreement.sudo().minimum_order_amount = 0
        self.assertTrue(agreement.is_body_intact)

    def test_trusted_change_of_a_sent_agreement_keeps_text_and_terms_in_step(self):
        agreement = self._create_sent().sudo()
        link = agreement._get_statement_hash()
        agreement.minimum_order_amount = 777
        self.assertEqual(agreement.state, "sent")
        self.assertIn("777", agreement.body)
        self.assertNotEqual(agreement._get_statement_hash(), link)

    def test_rounding_of_amounts_does_not_break_the_seal(self):
        agreement = self._sign_with_pdf(self._create_sent(minimum_order_amount=33.333333))
        self.env.invalidate_all()
        self.assertTrue(agreement.is_body_intact)

    def test_form_of_the_web_client_tells_the_size_of_the_picture_only(self):
        agreement = self._sign_with_pdf(self._create_sent())
        self.env.invalidate_all()
        self.assertTrue(agreement.with_context(bin_size=True).is_body_intact)

    def test_merged_customer_leaves_the_seal_whole(self):
        agreement = self._sign_with_pdf(self._create_sent())
        successor = self.env["res.partner"].create({"name": "Buyer Ltd", "is_company": True})
        self.env.flush_all()
        (self.buyer_user | self.buyer2_user).partner_id.parent_id = successor
        agreement.signed_partner_id.flush_recordset()
        self.cr.execute("UPDATE b2b_agreement SET partner_id = %s", [successor.id])
        self.env.invalidate_all()
        self.assertFalse(agreement.is_body_intact)
        self.customer.unlink()
        self.env.invalidate_all()
        self.assertTrue(agreement.is_body_intact)

    def test_draft_of_a_customer_with_a_term_in_polish(self):
        """The text is in the customer's language, whoever changes the terms."""
        self.env["res.lang"]._activate_lang("pl_PL")
        self.template.with_context(lang="pl_PL").body = "<p>Umowa: {{ minimum_order }}</p>"
        self.customer.lang = "pl_PL"
        agreement = self._create_sent()
        agreement.minimum_order_amount = 250
        self.assertIn("Umowa: ", agreement.body)
        self.assertIn("250,00", agreement.body)


class TestTextOfTheTemplate(SealCommon):
    """Placeholders as people write, paste and format them."""

    def _render(self, body):
        self.template.body = body
        return self._create_agreement(body=False, template_id=self.template.id)

    def test_ways_to_write_a_placeholder(self):
        for written, expected in (
            ("{{ customer }}", "Buyer Ltd"),
            ("{{customer}}", "Buyer Ltd"),
            ("{{  customer\t}}", "Buyer Ltd"),
            ("{{&nbsp;customer&nbsp;}}", "Buyer Ltd"),
            ("{{\xa0customer }}", "Buyer Ltd"),
            ("{{ <b>customer</b> }}", "<b>Buyer Ltd</b>"),
            ("<b>{{</b> customer <b>}}</b>", "<b></b>Buyer Ltd<b></b>"),
            ("{{ <i><b>customer</b></i> }}", "<i><b>Buyer Ltd</b></i>"),
        ):
            with self.subTest(written=written):
                agreement = self._render(f"<p>With {written}.</p>")
                self.assertIn(f"With {expected}.", agreement.body)
                self.assertFalse(agreement._get_sending_obstacle())
                self.assertTrue(agreement._has_text_of_template())

    def test_what_is_no_placeholder_is_pointed_out(self):
        for written in (
            "{{ custommer }}",
            "{{ customer",
            "customer }}",
            "{{ customer name }}",
            "{{ }}",
            "{<b>{</b> customer }}",
        ):
            with self.subTest(written=written):
                agreement = self._render(f"<p>With {written}.</p>")
                self.assertIn("placeholder", agreement._get_sending_obstacle())

    def test_single_braces_are_text(self):
        agreement = self._render("<p>{{ customer }}, {as agreed}</p>")
        self.assertFalse(agreement._get_sending_obstacle())

    def test_names_are_put_in_as_text(self):
        self.customer.name = "{{ number }} & <script>Sons</script>"
        agreement = self._render("<p>With {{ customer }}.</p>")
        self.assertNotIn("<script>", agreement.body)
        self.assertNotIn(agreement.name, agreement.body)

    def test_empty_texts(self):
        for body in (False, "", "<p></p>", "<p><br></p>", "<div> </div>"):
            with self.subTest(body=body):
                agreement = self._create_agreement(body="<p>x</p>")
                agreement.body = body
                self.assertIn("no text", agreement._get_sending_obstacle())


class TestActivityTypeIsGone(SealCommon):
    def test_signing_and_reminding_go_on_without_it(self):
        self.env.ref("b2b_agreement.mail_activity_type_renew").unlink()
        today = fields.Date.today()
        agreement = self._create_agreement(
            state="signed",
            user_id=self.seller_user.id,
            date_start=today - timedelta(days=300),
            date_end=today + timedelta(days=5),
        )
        agreement._try_remind()
        self.assertEqual(len(agreement.activity_ids), 1)
        agreement.action_renew()
        renewal = agreement.renewal_ids
        renewal.state = "sent"
        renewal._sign("Anna", SIGNATURE, self.buyer_user.partner_id)
        agreement.action_terminate()
