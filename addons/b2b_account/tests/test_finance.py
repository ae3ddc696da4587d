from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.payment.utils import generate_access_token

from .common import AccountCommon


@tagged("post_install", "-at_install")
class TestFinance(AccountCommon):
    """Invoices are closed to whoever sees no finance: pages, links, counters and RPC."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": cls.customer.id,
                "invoice_date": fields.Date.today(),
                "invoice_line_ids": [
                    Command.create({"product_id": cls.product.id, "price_unit": 321.0})
                ],
            }
        )
        cls.invoice.action_post()

    def _see(self):
        """Return what the buyer sees of the invoice, by path."""
        self.env.flush_all()
        self.env.registry.clear_cache()  # as each request of another process begins
        moves = self.env["account.move"].with_user(self.buyer_user)
        url = f"/my/invoices/{self.invoice.id}"
        token = self.invoice._portal_ensure_token()
        self.env.flush_all()
        counted = self.make_jsonrpc_request("/my/counters", {"counters": ["invoice_count"]})
        lines = self.env["account.move.line"].with_user(self.buyer_user)
        return {
            "search": bool(moves.search([("id", "=", self.invoice.id)])),
            "lines": bool(lines.search([("move_id", "=", self.invoice.id)])),
            "counter": bool(counted.get("invoice_count")),
            **{
                path: "321.00" in self._get(path).text
                for path in (url, f"{url}?access_token={token}", "/my/invoices")
            },
        }

    def test_invoices_are_closed_on_every_path_and_open_again(self):
        self._login(self.buyer_user)
        self.assertEqual(set(self._see().values()), {True})
        self.member.may_see_finance = False
        self.assertEqual(set(self._see().values()), {False})
        with self.assertRaises(AccessError):
            self.invoice.with_user(self.buyer_user).read(["amount_total"])
        self.member.may_see_finance = True
        self.assertEqual(set(self._see().values()), {True})
        self.member.unlink()
        self.customer.b2b_default_rights = "look"
        self.assertEqual(set(self._see().values()), {False})

    def _download(self):
        """Return what the buyer gets of files, log and PDF of the invoice, by path."""
        self.env.flush_all()
        self.env.registry.clear_cache()  # as each request of another process begins
        self.env.invalidate_all()
        file, invoice = self.file, self.invoice
        user = self.buyer_user
        texts = {
            path: self._get(path).text
            for path in (
                f"/my/invoices/{invoice.id}?report_type=html",
                f"/my/invoices/{invoice.id}?report_type=pdf&download=true",
                f"/report/html/account.report_invoice/{invoice.id}",
                f"/web/content/{file.id}",
                f"/web/content?model=account.move&id={invoice.id}&field=narration",
            )
        }
        for route in ("/mail/chatter_fetch", "/mail/thread/messages"):
            params = {"thread_model": "account.move", "thread_id": invoice.id}
            texts[route] = self.url_open(route, json={"params": params}).text
        messages = self.env["mail.message"].with_user(user)
        texts["messages"] = str(
            messages.search_read([("model", "=", "account.move")], ["body", "subject"])
        )
        texts["file"] = file.name if file.with_user(user).has_access("read") else ""
        return {path: text for path, text in texts.items() if "Zyxwv" in text}

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model")
    def test_files_log_and_pdf_are_closed(self):
        self.invoice.ref = "Zyxwv"
        self.invoice.narration = "Zyxwv"
        self.file = self.env["ir.attachment"].create(
            {
                "name": "Zyxwv.txt",
                "raw": b"Zyxwv",
                "res_model": "account.move",
                "res_id": self.invoice.id,
            }
        )
        self.invoice.message_post(
            body="Zyxwv", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        self._login(self.buyer_user)
        seen = self._download()
        for path in (f"/my/invoices/{self.invoice.id}?report_type=html", "/mail/chatter_fetch"):
            self.assertIn(path, seen, "there is something to be closed")
        self.member.may_see_finance = False
        self.assertEqual(self._download(), {})
        answer = self._get(f"/my/invoices/{self.invoice.id}?report_type=pdf&download=true")
        self.assertNotIn("application/pdf", answer.headers["Content-Type"])

    def test_order_page_has_no_links_to_invoices(self):
        order = self._create_order([(self.product, 1)])
        order.action_confirm()
        self.product.invoice_policy = "order"
        invoice = order._create_invoices()
        invoice.action_post()
        self._login(self.buyer_user)
        self.assertIn(invoice.name, self._get(f"/my/orders/{order.id}").text)
        self.member.may_see_finance = False
        self.env.flush_all()
        page = self._get(f"/my/orders/{order.id}")
        self.assertEqual(page.status_code, 200)
        self.assertNotIn(invoice.name, page.text)
        self.assertNotIn(f"/my/invoices/{invoice.id}", page.text)

    def test_payment_pages_are_closed(self):
        self._login(self.buyer_user)
        self.member.may_see_finance = False
        self.env.flush_all()
        token = self.invoice._portal_ensure_token()
        self.env.flush_all()
        for route, params in (
            (f"/invoice/transaction/{self.invoice.id}", {"access_token": token}),
            ("/invoice/transaction/overdue", {"payment_reference": "x"}),
        ):
            with self.subTest(route), mute_logger("odoo.http"):
                error = self.url_open(route, json={"params": params}).json()["error"]
                self.assertEqual(error["data"]["name"], "odoo.exceptions.ValidationError")
                self.assertNotIn("321", error["data"]["message"])
        for path in (
            self._get_payment_link(),
            "/my/invoices/overdue",
            f"/account/download_invoice_documents/{self.invoice.id}/pdf",
            f"/account/download_invoice_documents/{self.invoice.id}/all",
        ):
            with self.subTest(path), mute_logger("odoo.http"):
                answer = self._get(path)
                self.assertLess(answer.status_code, 500)
                self.assertNotIn("321.00", answer.text)
                self.assertNotIn(self.invoice.name, answer.text)

    def _get_payment_link(self):
        """Return the address that Odoo puts into an e-mail about an invoice."""
        invoice = self.invoice
        token = generate_access_token(
            invoice.partner_id.id, invoice.amount_total, invoice.currency_id.id, env=self.env
        )
        return (
            f"/payment/pay?invoice_id={invoice.id}&amount={invoice.amount_total}"
            f"&access_token={token}"
        )

    def test_link_of_a_payment(self):
        """It shows the invoice to whoever may see it, and there is something to be closed."""
        self._login(self.buyer_user)
        self.assertIn(self.invoice.name, self._get(self._get_payment_link()).text)
        self.member.may_see_finance = False
        self.env.flush_all()
        answer = self._get(self._get_payment_link())
        self.assertTrue(answer.url.rstrip("/").endswith(("/my", "/my/home")), answer.url)
        self.assertNotIn(self.invoice.name, answer.text)

    def test_counters_and_home(self):
        self.invoice.invoice_date_due = "2020-01-01"
        self._login(self.buyer_user)
        counters = ["invoice_count", "overdue_invoice_count", "bill_count"]
        self.member.may_see_finance = False
        self.env.flush_all()
        counted = self.make_jsonrpc_request("/my/counters", {"counters": counters})
        self.assertFalse(any(counted.values()), counted)

    def test_invoice_is_mailed_to_nobody_who_does_not_see_it(self):
        partner = self.buyer_user.partner_id
        template = self.env.ref("account.email_template_edi_invoice")

        def get_recipients(invoiced=partner):  # Odoo invoices whoever ordered
            invoice = self.invoice.copy({"partner_id": invoiced.id})
            send = self.env["account.move.send"]
            return send._get_default_mail_partner_ids(invoice, template, "en_US")

        self.assertEqual(get_recipients(), partner)
        self.member.may_see_finance = False
        self.assertEqual(get_recipients(), self.customer)
        self.customer.email = False
        self.assertFalse(get_recipients())
        address = self.env["res.partner"].create(
            {"name": "Books", "type": "invoice", "parent_id": self.customer.id, "email": "b@b.com"}
        )
        self.customer.b2b_default_rights = "look"
        self.assertEqual(get_recipients(address), address, "an address without a login")

    def test_contact_sees_invoices_by_right(self):
        partner = self.buyer_user.partner_id
        self.assertTrue(partner._sees_invoices())
        self.member.may_see_finance = False
        self.assertFalse(partner._sees_invoices())
        self.assertTrue(self.seller_user.partner_id._sees_invoices(), "goes by Odoo's rights")
        self.assertTrue(self.retail_user.partner_id._sees_invoices())
        self.seller_user.partner_id.parent_id = self.customer
        self.customer.b2b_default_rights = "look"
        self.assertTrue(self.seller_user.partner_id._sees_invoices())
