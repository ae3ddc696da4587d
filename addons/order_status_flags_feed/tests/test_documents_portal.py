import re
from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import JsonRpcException, tagged
from odoo.tools import mute_logger

from odoo.addons.order_status_flags.tests.portal import PortalCommon

from .common import LATER, PDF, FeedCommon


@tagged("post_install", "-at_install")
class TestDocumentsPortal(FeedCommon, PortalCommon):
    """The customer's pages: documents on the order, their PDFs, and finding orders by them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.order = cls._create_order(partner_id=cls.buyer.partner_id.id)

    def setUp(self):
        super().setUp()
        self._push_document(
            self.order,
            number="FS 4711/2026",
            tracking="https://trace.example/1?a=b",
            file=self._file(name="faktura żółta.pdf"),
        )
        self.document = self._documents(self.order)
        self.path = f"/my/orders/{self.order.id}/erp-documents/{self.document.id}"

    def _open(self, path, login=None, **kwargs):
        self.authenticate(login, login)
        return self.url_open(path, **kwargs)

    # === ORDER PAGE === #

    def test_another_customer_gets_no_document_of_the_former_one(self):
        other = self.stranger
        for path in ("sale", "draft"):
            with self.subTest(path=path), self.cr.savepoint() as savepoint:
                if path == "draft":
                    self.document.state = "cancelled"
                    self.order._action_cancel()
                    self.order.action_draft()
                    self.document.state = "open"
                self.order.partner_id = other.partner_id
                if path == "draft":
                    self.order.action_confirm()
                self._push_document(self.order, kind="delivery", number="WZ 77/2026")
                self.env.flush_all()
                shown = self.order.with_user(other).sudo()._get_customer_erp_documents()
                self.assertEqual(shown.mapped("number"), ["WZ 77/2026"])
                domain = self.order._get_customer_erp_domain("document", "4711")
                self.assertNotIn(self.order, self.env["sale.order"].search(domain))
                savepoint.rollback()
                self.env.invalidate_all()
        self.order.partner_id = other.partner_id
        self.env.flush_all()
        page = self._open(f"/my/orders/{self.order.id}", other.login)
        self.assertEqual(page.status_code, 200)
        self.assertNotIn("4711", page.text)
        self.assertEqual(self._open(self.path, other.login).status_code, 404)

    def test_order_without_documents_asks_for_no_right(self):
        order = self._create_order(partner_id=self.buyer.partner_id.id)
        model = self.env.registry["sale.order"]
        with patch.object(model, "_get_customer_erp_kinds_domain", autospec=True) as asked:
            self._open(f"/my/orders/{order.id}", "test_buyer")
            asked.assert_not_called()
        self.assertFalse(order._get_customer_erp_documents())

    def test_page_shows_open_documents(self):
        self._push_document(
            self.order,
            kind="delivery",
            number="WZ <b>9</b>",
            tracking="javascript:alert(1)",
            covers="part",
        )
        self._push_document(self.order, kind="receipt", number="PA 3", state="cancelled")
        page = self._open(f"/my/orders/{self.order.id}", "test_buyer").text
        section = page[page.index('id="erp_documents"') :].split("</section>")[0]
        self.assertIn("FS 4711/2026", section)
        self.assertIn("Invoice", section)
        self.assertIn("2026-03-01", section)
        self.assertIn(f'href="{self.path}"', section)
        self.assertIn('href="https://trace.example/1?a=b"', section)
        self.assertIn("noopener", section)
        self.assertIn("WZ &lt;b&gt;9&lt;/b&gt;", section)
        self.assertIn("javascript:alert(1)", section)
        self.assertNotIn('href="javascript', section)
        self.assertNotIn("PA 3", page)
        self.assertEqual(section.count("erp-documents/"), 1, "a PDF only where there is one")

    def test_page_without_documents_looks_as_before(self):
        order = self._create_order(partner_id=self.buyer.partner_id.id)
        page = self._open(f"/my/orders/{order.id}", "test_buyer").text
        self.assertNotIn("erp_documents", page)

    def test_only_web_addresses_become_links(self):
        for text, link in (
            ("https://a.example/x", True),
            ("HTTP://a.example", True),
            ("https://", False),
            ("https:// a.example", False),
            ("1Z 999", False),
            ("javascript:alert(1)//https://a.example", False),
            ("data:text/html,x", False),
            ("//a.example", False),
        ):
            self._push_document(self.order, number="FS 4711/2026", tracking=text)
            self.assertEqual(self.document._get_tracking_link(), link and text)

    # === PDF === #

    def test_who_may_read_the_order_gets_the_pdf(self):
        for login in ("test_buyer", "test_colleague", "test_seller"):
            response = self._open(self.path, login)
            self.assertEqual((response.status_code, response.content), (200, PDF))
            self.assertEqual(response.headers["Content-Type"], "application/pdf")
            self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")
            self.assertIn("no-store", response.headers["Cache-Control"])
            self.assertTrue(response.headers["Content-Disposition"].startswith("inline"))
        response = self.url_open(f"{self.path}?download=1")
        self.assertTrue(response.headers["Content-Disposition"].startswith("attachment"))

    def test_everybody_else_gets_the_same_404(self):
        other = self._create_order(partner_id=self.buyer.partner_id.id)
        unknown = self._open("/my/orders/0/erp-documents/0", "test_stranger")
        self.assertEqual(unknown.status_code, 404)
        paths = [
            self.path,
            f"/my/orders/{other.id}/erp-documents/{self.document.id}",
            f"/my/orders/{self.order.id}/erp-documents/{self.document.id + 1000}",
            f"/my/orders/{self.order.id}/erp-documents/{2**31}",
            f"/my/orders/{2**40}/erp-documents/{self.document.id}",
            f"{self.path}?access_token=",
            f"{self.path}?access_token=wrong",
        ]
        for login in (None, "test_stranger"):
            for path in paths:
                self.assertEqual(self._open(path, login).status_code, 404, (login, path))
        for path in paths[1:5]:
            self.assertEqual(self._open(path, "test_buyer").status_code, 404, path)

    def test_access_token_of_the_order_opens_its_page_and_its_pdf(self):
        token = self.order._portal_ensure_token()
        page = self._open(f"/my/orders/{self.order.id}?access_token={token}").text
        self.assertIn(f"{self.path}?access_token={token}", page)
        self.assertEqual(self.url_open(f"{self.path}?access_token={token}").content, PDF)

    def test_cancelled_document_and_quotation_are_a_404(self):
        self._push_document(
            self.order, number="FS 4711/2026", state="cancelled", row={"changed_at": LATER}
        )
        for login in ("test_buyer", "test_seller"):
            self.assertEqual(self._open(self.path, login).status_code, 404)
        self._push_document(
            self.order, number="FS 4711/2026", state="open", row={"changed_at": LATER}
        )
        self.assertEqual(self._open(self.path, "test_buyer").status_code, 200)
        self.order.action_cancel()
        self.order.action_draft()
        self.assertEqual(self._open(self.path, "test_buyer").status_code, 404)

    def test_document_without_a_pdf_is_a_404(self):
        self._push_document(self.order, number="FS 2")
        document = self._documents(self.order) - self.document
        path = f"/my/orders/{self.order.id}/erp-documents/{document.id}"
        self.assertEqual(self._open(path, "test_buyer").status_code, 404)

    def test_head_changes_nothing_and_post_is_none(self):
        self.authenticate("test_buyer", "test_buyer")
        self.assertEqual(self.opener.head(self.base_url() + self.path).status_code, 200)
        with mute_logger("odoo.http"):
            self.assertIn(self.url_open(self.path, data={"x": 1}).status_code, (400, 404, 405))

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_model")
    def test_customers_have_no_other_way_to_it(self):
        attachment = self.document.attachment_id
        for login in ("test_buyer", "test_stranger", None):
            for path in (
                f"/web/content/{attachment.id}",
                f"/web/content/{attachment.id}?access_token={attachment.access_token or 'x'}",
                f"/web/content/sale.order.erp.document/{self.document.id}/attachment_id",
                f"/web/image/{attachment.id}",
            ):
                response = self._open(path, login)
                self.assertNotIn(b"%PDF", response.content, (login, path))
        self.authenticate("test_buyer", "test_buyer")
        for model, method, args in (
            ("sale.order.erp.document", "search_read", [[]]),
            ("sale.order.erp.document", "read", [self.document.ids]),
            ("sale.order", "read", [self.order.ids, ["erp_document_ids"]]),
            ("sale.order", "read", [self.order.ids, ["erp_document_number"]]),
            ("sale.order", "read", [self.order.ids, ["erp_failures"]]),
            ("sale.order", "read", [self.order.ids, ["external_ref"]]),
            ("sale.order", "search", [[["erp_document_number", "ilike", "4711"]]]),
            ("sale.order", "search", [[["erp_document_ids.number", "ilike", "4711"]]]),
            ("ir.attachment", "read", [attachment.ids, ["raw"]]),
        ):
            with self.assertRaises(JsonRpcException, msg=(model, method, args)):
                self.make_jsonrpc_request(
                    "/web/dataset/call_kw",
                    {"model": model, "method": method, "args": args, "kwargs": {}},
                )

    # === LIST === #

    def _list(self, query):
        page = self._open(f"/my/orders?{query}", "test_buyer")
        self.assertEqual(page.status_code, 200)
        return set(re.findall(r"/my/orders/(\d+)\?", page.text)), page.text

    def test_list_is_searched_by_numbers(self):
        other = self._create_order(partner_id=self.buyer.partner_id.id, client_order_ref="PO-77")
        foreign = self._create_order(partner_id=self.stranger.partner_id.id)
        self._push_document(other, kind="order", number="ZK 900/2026")
        self._push_document(foreign, number="FS 4711/2026")
        mine, theirs = {str(self.order.id)}, {str(other.id)}
        for query, found in (
            ("search=4711", mine),
            ("search=fs+4711", mine),
            ("search=4711&search_in=document", mine),
            ("search=4711&search_in=order", set()),
            ("search=4711&search_in=nonsense", mine),
            ("search=ZK+900", theirs),
            ("search=ZK+900&search_in=order", theirs),
            ("search=PO-77", theirs),
            (f"search={other.name}", theirs),
            ("search=%25", set()),
            ("search=nothing", set()),
            ("search=%00", mine | theirs),
            ("search=", mine | theirs),
            ("search_in=document", mine | theirs),
            (f"search={'x' * 3000}", set()),
        ):
            ids, _page = self._list(query)
            self.assertEqual(ids & (mine | theirs | {str(foreign.id)}), found, query)
            self.assertNotIn(str(foreign.id), ids)

    def test_numbers_of_cancelled_documents_find_nothing(self):
        self._push_document(self.order, number="FS 4711/2026", state="cancelled")
        self.assertFalse(self._list("search=4711")[0])

    def test_list_offers_the_search_and_keeps_it(self):
        _ids, page = self._list("search=4711&search_in=document&sortby=date")
        self.assertIn("o_portal_search_panel", page)
        self.assertIn("Search in invoices and delivery notes", page)
        self.assertIn('value="4711"', page)
        _ids, page = self._list("search=%3Cscript%3E")
        self.assertNotIn("<script>”", page)
        self.assertIn("No order has", page)

    def test_pages_of_the_list_keep_the_search(self):
        self._create_orders(
            85,
            partner_id=self.buyer.partner_id.id,
            client_order_ref="PO-88",
            order_line=[Command.create({"product_id": self.product.id})],
        )
        ids, page = self._list("search=PO-88")
        self.assertNotIn(str(self.order.id), ids)
        self.assertRegex(page, r"/my/orders/page/2\?[^\"]*search=PO-88")
        self.assertEqual(self._open("/my/orders/page/2?search=PO-88").status_code, 200)

    # === WHO SEES NO INVOICES === #

    def test_contact_who_sees_no_invoices(self):
        """Invoices and receipts are nowhere: on the page, as PDF, by their numbers."""
        self._push_document(self.order, kind="receipt", number="PA 4711", file=self._file())
        self._push_document(self.order, kind="delivery", number="WZ 4711", file=self._file())
        paths = {
            document.kind: f"/my/orders/{self.order.id}/erp-documents/{document.id}"
            for document in self._documents(self.order)
        }
        link = f"{self.path}?access_token={self.order._portal_ensure_token()}"
        self.env.flush_all()
        partners = self.registry["res.partner"]
        with patch.object(partners, "_sees_invoices", lambda partner: False):
            page = self._open(f"/my/orders/{self.order.id}", "test_buyer").text
            self.assertIn("WZ 4711", page)
            for number in ("FS 4711", "PA 4711"):
                self.assertNotIn(number, page)
            for kind, path in paths.items():
                self.assertEqual(
                    self.url_open(path).status_code, 200 if kind == "delivery" else 404
                )
            self.assertEqual(self.url_open(link).status_code, 404, "logged in, by the link too")
            for search_in in ("all", "document", "nonsense"):
                for number, found in (("FS 4711", False), ("PA 4711", False), ("WZ 4711", True)):
                    url = f"/my/orders?search_in={search_in}&search={number}"
                    self.assertEqual(self.order.name in self.url_open(url).text, found, url)
            self.authenticate(None, None)
            answer = self.url_open(link)
            self.assertEqual(answer.content, PDF, "a bearer of the link is nobody's colleague")

    def test_order_status_page_shows_no_documents(self):
        """Whoever has the link of the status page is anybody: it says where the order stands."""
        self._push_document(self.order, kind="receipt", number="PA 4711")
        self.env.flush_all()
        self.authenticate(None, None)
        page = self.url_open(f"/order/status/{self.order.order_tracking_token}")
        self.assertEqual(page.status_code, 200)
        self.assertIn(self.order.name, page.text)
        for secret in ("4711", "erp-documents"):
            self.assertNotIn(secret, page.text)
