import base64
import io
import json
from unittest.mock import patch

from PIL import Image

from odoo.exceptions import UserError
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_actions_report import IrActionsReport

from ..signature import is_signature, read_name
from .common import SIGNATURE
from .seal import PDF, SealCommon


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

    def test_export_is_imported_as_it_is(self):
        agreement = self._sign_with_pdf(self._create_sent(pricelist_id=self.pricelist.id))
        Agreement = agreement.with_user(self.seller_user)
        names = [
            *("partner_id/.id", "company_id/.id", "pricelist_id/.id", "payment_term_id/.id"),
            *("name", "date_start", "date_end", "minimum_order_amount", "po_number_required"),
            *("body", "state", "signed_by", "signed_on"),
        ]
        row = [str(cell or "") for cell in agreement.export_data(names)["datas"][0]]
        result = Agreement.load([".id", *names], [[str(agreement.id), *row]])
        self.assertFalse(result["messages"])
        self.assertTrue(agreement.is_body_intact)
        for name, value in (
            ("minimum_order_amount", "77"),
            ("date_end", "2049-01-01"),
            ("body", "<p>Other terms</p>"),
            ("signed_by", "Somebody"),
            ("signed_on", "2020-01-01 10:00:00"),
            ("partner_id/.id", str(self.rival.id)),
        ):
            with self.subTest(name=name):
                changed = [
                    value if one == name else cell for one, cell in zip(names, row, strict=True)
                ]
                result = Agreement.load([".id", *names], [[str(agreement.id), *changed]])
                self.assertIn("cannot be changed", result["messages"][0]["message"])

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
        self.env["res.lang"]._activate_lang("pl_PL")
        self.company.partner_id.lang = "pl_PL"
        self.buyer_user.partner_id.lang = False
        agreement = self._create_agreement(user_id=self.seller_user.id, state="sent")
        agreement._sign("Anna", SIGNATURE, self.buyer_user.partner_id)
        with patch.object(IrActionsReport, "_render_qweb_pdf", side_effect=UserError("none")):
            agreement._keep_signed_pdf(self.buyer_user.partner_id)
        self.assertFalse(agreement.pdf_attachment_id)
        with patch.object(IrActionsReport, "_render_qweb_pdf", return_value=(PDF, "pdf")):
            agreement.with_context(lang="en_US")._make_missing_pdf()
        notice = self.env["mail.message"].search(
            [("model", "=", "b2b.agreement"), ("res_id", "=", agreement.id)], order="id desc"
        )[0]
        self.assertEqual(notice.attachment_ids, agreement.pdf_attachment_id)
        self.assertIn("Umowa", notice.subject, "in the language of the company")
        told = self.seller_user.partner_id | self.buyer_user.partner_id
        self.assertLessEqual(told, notice.notified_partner_ids)

    @mute_logger("odoo.addons.mail_delivery_retry.attempt")
    def test_late_copy_reaches_nobody_who_has_left(self):
        agreement = self._create_agreement(user_id=self.seller_user.id, state="sent")
        agreement._sign("Anna", SIGNATURE, self.buyer_user.partner_id)
        with patch.object(IrActionsReport, "_render_qweb_pdf", side_effect=UserError("none")):
            agreement._keep_signed_pdf(self.buyer_user.partner_id)
        agreement.message_unsubscribe(agreement.message_partner_ids.ids)
        self.buyer_user.partner_id.parent_id = self.rival
        self.seller_user.group_ids = self.env.ref("base.group_user")
        self.env.flush_all()
        with patch.object(IrActionsReport, "_render_qweb_pdf", return_value=(PDF, "pdf")):
            agreement._make_missing_pdf()
        told = (
            self.env["mail.message"]
            .search(
                [("model", "=", "b2b.agreement"), ("res_id", "=", agreement.id)], order="id desc"
            )[0]
            .notified_partner_ids
        )
        self.assertIn(self.customer, told)
        self.assertNotIn(self.buyer_user.partner_id, told)
        self.assertNotIn(self.seller_user.partner_id, told)
        self.assertTrue(told - self.customer, "a sales manager in his place")

    def test_signature_is_told_to_nobody_who_may_not_read_it(self):
        agreement = self._create_agreement(user_id=self.seller_user.id)
        agreement.message_unsubscribe(self.seller_user.partner_id.ids)
        self.seller_user.group_ids = self.env.ref("base.group_user")
        agreement.action_send()
        self._sign_with_pdf(agreement)
        told = agreement.message_ids[0].notified_partner_ids
        self.assertNotIn(self.seller_user.partner_id, told)
        self.assertTrue(told - self.buyer_user.partner_id, "a sales manager in his place")

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
            ("...", ""),
            (" - 1", ""),
            ("李明", "李明"),
            (None, ""),
            (["x"], ""),
        ):
            with self.subTest(name=name):
                self.assertEqual(read_name(name), expected)
