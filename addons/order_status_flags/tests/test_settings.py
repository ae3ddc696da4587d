from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import OrderStatusCommon

FIELDS = (
    "order_status_customer_cancel",
    "order_status_cancel_reason_required",
    "order_status_mail_delay",
    "order_status_tracking_page",
    "order_status_on_sales_orders",
)


@tagged("post_install", "-at_install")
class TestSettings(OrderStatusCommon):
    def test_defaults(self):
        company = self.env["res.company"].create({"name": "New Company"})
        self.assertEqual([company[name] for name in FIELDS], [True, False, 0, True, True])

    def test_settings_are_kept_per_company(self):
        other = self.env["res.company"].create({"name": "Other Company"})
        with Form(self.env["res.config.settings"]) as form:
            form.order_status_mail_delay = 15
            form.order_status_cancel_reason_required = True
            form.order_status_tracking_page = False
            form.order_status_on_sales_orders = False
            form.order_status_customer_cancel = False
        form.record.execute()
        self.assertEqual([self.company[name] for name in FIELDS], [False, True, 15, False, False])
        self.assertEqual([other[name] for name in FIELDS], [True, False, 0, True, True])

    def test_block_links_to_both_codebooks(self):
        arch = self.env["res.config.settings"].get_view(view_type="form")["arch"]
        for name in FIELDS:
            self.assertIn(f'name="{name}"', arch)
        for xmlid in ("sale_order_status_action", "sale_order_flag_action"):
            action = self.env.ref(f"order_status_flags.{xmlid}")
            self.assertIn(f'name="{action.id}"', arch)

    @mute_logger("odoo.sql_db")
    def test_hold_back_time_out_of_range_is_refused(self):
        for minutes in (-5, 2**31 - 1):
            with self.assertRaises(CheckViolation), self.cr.savepoint():
                self.company.order_status_mail_delay = minutes
                self.env.flush_all()

    def test_salespeople_do_not_change_settings(self):
        settings = self.env["res.config.settings"].with_user(self.seller)
        with self.assertRaises(AccessError):
            settings.create({"order_status_mail_delay": 5})
        with self.assertRaises(AccessError):
            self.company.with_user(self.seller).order_status_mail_delay = 5
