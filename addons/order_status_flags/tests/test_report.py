import re
from base64 import b64decode

from odoo.fields import Command
from odoo.tests import tagged

from .portal import PortalCommon

REPORT = "sale.action_report_saleorder"


@tagged("post_install", "-at_install")
class TestReport(PortalCommon):
    """The link and QR code on the printed order: for who may read the order."""

    def _html(self, order, user=None, **context):
        report = self.env["ir.actions.report"].with_context(**context)
        if user:
            report = report.with_user(user)
        return str(report._render_qweb_html(REPORT, order.ids)[0], "utf-8")

    def _linked(self, html):
        return bool(re.search(r'href="[^"]*/order/status/', html))

    def test_link_and_code_on_the_page(self):
        order = self._create_order()
        html = self._html(order, self.seller)
        self.assertIn(f'href="{order._get_tracking_url()}"', html)
        self.assertIn("Order status", html)
        image = re.search(r'<img[^>]*alt="QR code"[^>]*>', html)[0]
        code = re.search(r'src="data:image/png;base64,([^"]+)"', image)
        self.assertTrue(b64decode(code[1]).startswith(b"\x89PNG"))
        self.assertNotIn("/report/barcode", html)

    def test_quotation_has_none(self):
        order = self._create_order(confirm=False)
        order.action_quotation_sent()
        self.assertFalse(self._linked(self._html(order, self.seller)))

    def test_switched_off_page(self):
        self.company.order_status_tracking_page = False
        self.assertFalse(self._linked(self._html(self._create_order(), self.seller)))

    def test_portal_login_reads_it_and_the_access_token_does_not(self):
        order = self._create_order()
        url = f"/my/orders/{order.id}?report_type=html"
        token = f"&access_token={order._portal_ensure_token()}"
        self._login(self.buyer)
        self.assertTrue(self._linked(self._get(url).text))
        for user in (self.stranger, None):
            if user:
                self._login(user)
            else:
                self.authenticate(None, None)
            response = self._get(url + token)
            self.assertEqual(response.status_code, 200, response.headers.get("Location"))
            self.assertIn(order.name, response.text)
            self.assertNotIn(order.order_tracking_token, response.text)
            self.assertNotIn("QR code", response.text)

    def test_mailed_order_has_it_whoever_causes_the_mail(self):
        """A visitor's payment confirms the order and mails it."""
        orders = self.env["sale.order"]
        template = self.env.ref("sale.mail_template_sale_confirmation")
        rendered = []

        def render(report, report_ref, res_ids=None, data=None):
            rendered.append(report._render_qweb_html(report_ref, res_ids)[0].decode())
            return b"pdf", "pdf"

        self.patch(self.env.registry["ir.actions.report"], "_render_qweb_pdf", render)
        template.report_template_ids = [Command.link(self.env.ref(REPORT).id)]
        orders = self._create_order()
        public = self.env.ref("base.public_user")
        template.with_user(public).sudo()._generate_template(
            orders.ids, ["subject", "report_template_ids"]
        )
        self.assertEqual([self._linked(html) for html in rendered], [True])

    def test_visitor_prints_without_it(self):
        """Odoo renders in sudo for visitors; the reader counts, not the superuser rights."""
        order = self._create_order()
        report = self.env["ir.actions.report"].with_user(self.env.ref("base.public_user")).sudo()
        html = report._render_qweb_html(REPORT, order.ids)[0].decode()
        self.assertIn(order.name, html)
        self.assertFalse(self._linked(html))
