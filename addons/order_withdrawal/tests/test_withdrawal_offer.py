from freezegun import freeze_time

from odoo.tests import tagged

from odoo.addons.order_status_flags.tests.outbox import OutboxCommon

from .common import WithdrawalHttpCommon


@tagged("post_install", "-at_install")
class TestWithdrawalOffer(OutboxCommon, WithdrawalHttpCommon):
    """Whom the function is offered to, where, and until when."""

    def _offered(self):
        self.env.invalidate_all()
        return self.order._is_withdrawal_offered()

    # === TO WHOM === #

    def test_web_orders_only_but_for_the_setting(self):
        self.assertTrue(self._offered())
        self.order.document_type = "sale"
        self.assertFalse(self._offered())
        self.company.withdrawal_on_sales_orders = True
        self.assertTrue(self._offered())

    def test_never_for_b2b(self):
        self.company.write({"withdrawal_on_sales_orders": True, "withdrawal_companies": "always"})
        self.env.cr.execute(
            "UPDATE sale_order SET document_type = 'b2b' WHERE id = %s", [self.order.id]
        )
        self.assertFalse(self._offered())

    def test_customers_in_the_eea(self):
        for xmlid, expected in (("si", True), ("no", True), ("uk", False), ("us", False)):
            self.customer.country_id = self.env.ref(f"base.{xmlid}")
            self.assertEqual(self._offered(), expected, xmlid)
        self.customer.country_id = False
        self.assertTrue(self._offered(), "in doubt for the customer")

    def test_companies(self):
        polish, slovenian = self.env.ref("base.pl"), self.env.ref("base.si")
        table = [
            # policy, is_company, name, vat, country, offered
            ("never", False, "Jan Kowalski", "PL1234563218", polish, True),
            ("never", True, "Jan Kowalski", False, polish, False),
            ("pl", True, "Usługi Jan Kowalski", "PL1234563218", polish, True),
            ("pl", True, "Acme sp. z o.o.", False, polish, False),
            ("pl", True, "Janez Novak s.p.", False, slovenian, False),
            ("always", True, "Acme sp. z o.o.", False, polish, True),
            ("always", True, "Janez Novak s.p.", False, slovenian, True),
        ]
        for policy, is_company, name, vat, country, expected in table:
            with self.subTest(f"{policy} {name}"):
                self.company.withdrawal_companies = policy
                self.customer.write(
                    {"is_company": is_company, "name": name, "country_id": country.id}
                )
                self.env.cr.execute(
                    "UPDATE res_partner SET vat = %s WHERE id = %s", [vat or None, self.customer.id]
                )
                self.assertEqual(self._offered(), expected)

    def test_until_the_deadline(self):
        self.product.type = "service"
        with freeze_time("2026-11-02 10:00:00"):
            order = self._create_web_order()
        for moment, expected in (("2026-11-16 22:59:00", True), ("2026-11-16 23:01:00", False)):
            with freeze_time(moment):
                self.assertEqual(order._is_withdrawal_offered(), expected)

    def test_not_for_cancelled_orders(self):
        self.order._action_cancel()
        self.assertFalse(self._offered())

    # === WHERE === #

    def test_on_the_order_status_page(self):
        page = self.url_open(f"/order/status/{self.order.order_tracking_token}")
        self.assertIn(f'href="{self.tracking_path}"', page.text)
        self.assertIn("Withdraw from contract here", page.text)
        self.assertIn("not the same as cancelling", page.text)

    def test_on_the_page_of_who_came_by_the_access_token(self):
        page = self.url_open(f"/my/orders/{self.order.id}?access_token={self.order.access_token}")
        self.assertIn(f"/withdraw?reference={self.order.name}", page.text)
        self.assertNotIn(self.order.order_tracking_token, page.text)

    def test_in_the_footer_of_the_portal(self):
        path = f"/my/orders/{self.order.id}?access_token={self.order.access_token}"
        self.assertIn('href="/withdraw"', self.url_open(path).text)
        self.company.withdrawal_enabled = False
        self.assertNotIn('href="/withdraw"', self.url_open(path).text)

    def test_in_emails_and_pdf(self):
        self.order.set_order_flag(self.flag_in_progress.id)
        mail = next(mail for mail in self._run() if "In progress" in mail["subject"])
        self.assertIn(f'{self.tracking_path}"', mail["text"])
        self.assertIn("Withdraw from contract here", mail["text"])
        html, _type = self.env["ir.actions.report"]._render_qweb_html(
            "sale.report_saleorder", self.order.ids
        )
        self.assertIn(self.tracking_path, html.decode())

    def test_pdf_of_who_has_no_order_status_link_leads_to_the_form(self):
        """Whoever holds the paper, and where there is no order status page."""
        public = self.order.with_user(self.env.ref("base.public_user")).sudo()
        form = f"{self.order.get_base_url()}/withdraw"
        self.assertEqual(public._get_report_withdrawal_url(), form)
        self.company.order_status_tracking_page = False
        html, _type = self.env["ir.actions.report"]._render_qweb_html(
            "sale.report_saleorder", self.order.ids
        )
        self.assertIn(f'href="{form}"', html.decode())
        self.company.withdrawal_enabled = False
        self.assertFalse(self.order._get_report_withdrawal_url())
        self.assertFalse(public._get_report_withdrawal_url())

    def test_messages_of_the_order_carry_it(self):
        self.order.message_post(
            body="Your parcel",
            partner_ids=self.customer.ids,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        mail = next(mail for mail in self._run() if "Your parcel" in mail["text"])
        self.assertIn(self.tracking_path, mail["text"])

    def test_nobody_notices_while_it_is_off(self):
        self.company.withdrawal_enabled = False
        self.order.set_order_flag(self.flag_in_progress.id)
        for mail in self._run():
            self.assertNotIn("withdraw", mail["text"].lower())
        page = self.url_open(f"/order/status/{self.order.order_tracking_token}")
        self.assertNotIn("ithdraw", page.text)

    def test_order_pages_cost_nothing_while_it_is_off(self):
        self.company.withdrawal_enabled = False
        self.order._get_customer_page_values()
        with self._count_queries(fresh=False) as off:
            self.order._get_customer_page_values()
        self.assertLessEqual(off[0], 2)

    def test_order_status_page_offers_it_for_one_query(self):
        self.product.type = "service"  # of goods, the transfers are asked as well
        token = self._create_web_order().order_tracking_token
        counts = {}
        for enabled in (True, False):
            self.company.withdrawal_enabled = enabled
            for _time in range(2):  # the first one fills what is kept in memory
                with self._count_queries() as queries:
                    page = self.env["sale.order"]._get_by_tracking_token(token)
                    values = page._get_tracking_page_values()
            counts[enabled] = queries[0]
            self.assertEqual(bool(values.get("withdrawal_offered")), enabled)
        self.assertLessEqual(counts[True], counts[False] + 1)

    # === LIVE PAGE === #

    def test_order_status_page_is_never_out_of_date(self):
        contact = self.env["res.partner"].create({"name": "Anna", "country_id": self.poland.id})
        self.order.partner_shipping_id = contact
        calendar = self.company.resource_calendar_id
        statements = self.env["sale.withdrawal"]
        for name, change in {
            "declared": lambda: statements.create({"order_id": self.order.id}),
            "accepted": lambda: self._withdrawals(self.order).action_accept(),
            "address": lambda: contact.write({"country_id": self.env.ref("base.us").id}),
            "days": lambda: self.company.write({"withdrawal_days": 30}),
            "holiday": lambda: self.env["resource.calendar.leaves"].create(
                {
                    "calendar_id": calendar.id,
                    "company_id": self.company.id,
                    "date_from": "2030-01-01 00:00:00",
                    "date_to": "2030-01-01 23:00:00",
                }
            ),
            "zone": lambda: calendar.write({"tz": "Asia/Tokyo"}),
            "off": lambda: self.company.write({"withdrawal_enabled": False}),
        }.items():
            with self.subTest(name):
                etag = self._etag()
                self.assertEqual(self._etag(), etag)
                change()
                self.assertNotEqual(self._etag(), etag)

    def test_order_status_page_counts_the_days_of_the_customer(self):
        self.company.partner_id.tz = "America/New_York"
        etags = []
        for moment in ("2026-03-10 22:30:00", "2026-03-10 23:30:00"):
            with freeze_time(moment):
                etags.append(self._etag())
        self.assertNotEqual(*etags)

    def test_use_is_asked_anew_after_it_was_switched(self):
        """It is kept in memory: what was switched is seen by the next request."""
        companies = self.env["res.company"]
        self.assertTrue(companies._is_withdrawal_used())
        companies.search([]).withdrawal_enabled = False
        self.assertFalse(companies._is_withdrawal_used())
        rows = self.env["sale.order"]._select_pages()
        companies.create({"name": "Another", "withdrawal_enabled": True})
        self.assertTrue(companies._is_withdrawal_used())
        self.assertNotEqual(self.env["sale.order"]._select_pages(), rows)
        companies.search([]).withdrawal_enabled = False
        self.assertEqual(self.env["sale.order"]._select_pages(), rows)

    def _etag(self):
        reader = self.env.ref("base.public_user")
        return self.order._find_page_etag(self.order.order_tracking_token, reader)
