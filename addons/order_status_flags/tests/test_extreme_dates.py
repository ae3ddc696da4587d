from datetime import date, datetime

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..hooks import assign_install_statuses
from ..order_calendar import make_calendar
from ..promise import day_of
from ..promise_install import assign_promises
from .portal import TrackingCommon

FIRST, LAST = datetime(1, 1, 1, 0, 30), datetime(9999, 12, 31, 23, 30)
# In these zones, the day would lie beyond the calendar.
WEST, EAST = "America/Los_Angeles", "Asia/Tokyo"


@tagged("post_install", "-at_install")
class TestExtremeDates(TrackingCommon):
    """Dates of a slip of the hand, or of a program that means none by them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Odoo's transfers do not take what is tested here.
        cls.product.type = "service"

    def _promised(self, moment, zone):
        """Return an order with a date that was saved by an earlier release."""
        self.company.partner_id.tz = zone
        self.customer.tz = zone
        order = self._create_order(commitment_date=datetime(2030, 6, 3))
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order SET commitment_date = %s, promised_date = NULL WHERE id = %s",
            [moment, order.id],
        )
        order.invalidate_recordset()
        order._follow_requested_date()
        order.modified(["commitment_date"])
        self.env.flush_all()
        return order

    def test_date_that_no_calendar_has_is_refused(self):
        order = self._create_order()
        for moment, year in ((FIRST, 1), (LAST, 9999), (datetime(26, 11, 27), 26)):
            with self.assertRaisesRegex(UserError, f"year is {year}"), self.cr.savepoint():
                order.commitment_date = moment
            with self.assertRaisesRegex(UserError, f"year is {year}"), self.cr.savepoint():
                self._create_order(commitment_date=moment)

    def test_last_date_that_is_taken(self):
        """It stands for none in some programs."""
        moment = datetime(9999, 12, 31, 9, 59)
        for zone in ("Pacific/Kiritimati", WEST):
            self.company.partner_id.tz = self.buyer.tz = zone
            order = self._create_order(commitment_date=moment)
            self.assertEqual((order.promise_date, order.promise_state), (date.max, "on_time"))
            self.env.flush_all()
            self._login(self.buyer)
            for url in ("/my/orders", f"/my/orders/{order.id}", self._url(order)):
                self.assertEqual(self._get(url).status_code, 200, url)

    def test_day_at_either_end(self):
        self.assertEqual(day_of(LAST, EAST), date.max)
        self.assertEqual(day_of(FIRST, WEST), date.min)
        self.assertEqual(day_of(LAST, WEST), date.max)

    def test_calendar_file_at_either_end(self):
        stamp = datetime(2030, 1, 1)
        text = make_calendar("u", date.max, 1, stamp, "Delivery")
        self.assertIn("DTSTART;VALUE=DATE:99991231\r\n", text)
        self.assertNotIn("DTEND", text)
        text = make_calendar("u", date.min, 1, stamp, "Delivery")
        self.assertIn("DTSTART;VALUE=DATE:00010101\r\nDTEND;VALUE=DATE:00010102\r\n", text)

    def test_requested_for_the_last_day(self):
        order = self._promised(LAST, EAST)
        self.assertEqual((order.promise_date, order.promise_state), (date.max, "on_time"))
        order.set_order_status(self.in_progress.id)
        self._send_status_mails()
        self._assert_pages(order)
        text = self._get(self._url(order) + "/delivery.ics").text
        self.assertIn("DTSTART;VALUE=DATE:99991231", text)

    def test_requested_for_the_first_day(self):
        self.company.order_status_delay_days = 1
        order = self._promised(FIRST, WEST)
        self.assertEqual((order.promise_date, order.promise_state), (date.min, "late"))
        with self.enter_registry_test_mode():
            self.env.ref("order_status_flags.ir_cron_promise").method_direct_trigger()
        self._send_status_mails()
        (row,) = self._rows(order).filtered(lambda row: row.mail_kind == "delay")
        self.assertIn("0001", row.mail_mail_id.body_html)
        self._assert_pages(order)

    def _assert_pages(self, order):
        """Odoo's own page of the order does not show such a date."""
        self.env.flush_all()
        self.authenticate(None, None)
        self._open(order)
        self.buyer.tz = order.company_id.partner_id.tz
        self._login(self.buyer)
        for url in ("/my/orders", self._url(order)):
            self.assertEqual(self._get(url).status_code, 200, url)

    def test_ordered_on_the_first_day(self):
        self.customer.tz = WEST
        order = self._create_order()
        order.date_order = FIRST
        self.env.flush_all()
        self.authenticate(None, None)
        self.assertIn("placed on", self._open(order))

    def test_installation(self):
        orders = self._promised(LAST, EAST) | self._promised(FIRST, EAST)
        self.env.cr.execute(
            "UPDATE sale_order SET promised_date = NULL, promise_date = NULL WHERE id = ANY(%s)",
            [orders.ids],
        )
        for zone in (EAST, WEST):
            self.company.partner_id.tz = zone
            self.env.flush_all()
            self.env.invalidate_all()
            assign_promises(self.env)
            self.assertEqual(orders.mapped("promise_date"), [date.max, date.min])
        assign_install_statuses(self.env)
        self.assertEqual(orders.mapped("promise_date"), [date.max, date.min])
