from datetime import date, datetime, timedelta

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import TransactionCase, tagged

from odoo.addons.order_withdrawal.deadline import get_days, get_deadline, get_zone

from .common import WithdrawalCommon

WARSAW = "Europe/Warsaw"
# name, moment (UTC), zone, holidays, last day
TABLE = [
    ("a Thursday two weeks on", "2026-11-12 10:00", WARSAW, (), "2026-11-26"),
    ("ends on a Saturday", "2026-11-14 10:00", WARSAW, (), "2026-11-30"),
    ("ends on a Sunday", "2026-11-15 10:00", WARSAW, (), "2026-11-30"),
    (
        "ends on a Monday that is a holiday",
        "2026-10-31 10:00",
        WARSAW,
        ("2026-11-16",),
        "2026-11-17",
    ),
    ("Christmas on a weekend", "2026-12-11 10:00", WARSAW, ("2026-12-25",), "2026-12-28"),
    (
        "holiday, weekend, holiday",
        "2026-12-11 10:00",
        WARSAW,
        ("2026-12-25", "2026-12-26", "2026-12-28"),
        "2026-12-29",
    ),
    (
        "a holiday in between moves nothing",
        "2026-11-02 10:00",
        WARSAW,
        ("2026-11-11",),
        "2026-11-16",
    ),
    ("an hour before midnight in Warsaw", "2026-11-12 22:30", WARSAW, (), "2026-11-26"),
    ("after midnight in Warsaw, before it in UTC", "2026-11-12 23:30", WARSAW, (), "2026-11-27"),
    ("the same moment on the Azores", "2026-11-12 23:30", "Atlantic/Azores", (), "2026-11-26"),
    ("the same moment in Finland", "2026-11-12 23:30", "Europe/Helsinki", (), "2026-11-27"),
    ("clocks go forward: 29 March", "2026-03-20 22:30", WARSAW, (), "2026-04-03"),
    ("clocks go forward, a minute to midnight", "2026-03-19 22:59", WARSAW, (), "2026-04-02"),
    ("clocks go forward, midnight", "2026-03-19 23:00", WARSAW, (), "2026-04-03"),
    ("clocks go back: 25 October", "2026-10-14 21:59", WARSAW, (), "2026-10-28"),
    ("clocks go back, midnight", "2026-10-14 22:00", WARSAW, (), "2026-10-29"),
    ("a leap day", "2028-02-15 10:00", WARSAW, (), "2028-02-29"),
    ("over the end of the year", "2026-12-22 10:00", WARSAW, (), "2027-01-05"),
]


@tagged("post_install", "-at_install")
class TestWithdrawalDeadlineTable(TransactionCase):
    def test_table(self):
        for name, moment, zone, holidays, expected in TABLE:
            with self.subTest(name):
                days = frozenset(map(date.fromisoformat, holidays))
                found = get_deadline(datetime.fromisoformat(moment), 14, zone, days)
                self.assertEqual(found.last_day, date.fromisoformat(expected))

    def test_the_last_whole_day_counts(self):
        found = get_deadline(datetime(2026, 11, 12, 10), 14, WARSAW)
        self.assertFalse(found.is_over(datetime(2026, 11, 26, 22, 59, 59)))
        self.assertTrue(found.is_over(datetime(2026, 11, 26, 23, 0, 0)))
        summer = get_deadline(datetime(2026, 10, 7, 10), 14, WARSAW)
        self.assertFalse(summer.is_over(datetime(2026, 10, 21, 21, 59, 59)))
        self.assertTrue(summer.is_over(datetime(2026, 10, 21, 22, 0, 0)))

    def test_zone_of_the_country(self):
        self.assertEqual(get_zone("PL", False, "UTC"), WARSAW)
        self.assertEqual(get_zone("ES", "Atlantic/Canary"), "Atlantic/Canary")
        self.assertEqual(get_zone("ES", "Europe/Warsaw"), "Europe/Madrid")
        self.assertEqual(get_zone(False, False, WARSAW), WARSAW)
        self.assertEqual(get_zone("XX"), "UTC")

    def test_days_of_a_time_off(self):
        days = get_days(datetime(2026, 12, 24, 23), datetime(2026, 12, 26, 23), WARSAW)
        self.assertEqual(list(days), [date(2026, 12, 25), date(2026, 12, 26)])
        some_hours = get_days(datetime(2026, 12, 24, 12), datetime(2026, 12, 24, 15), WARSAW)
        self.assertEqual(list(some_hours), [date(2026, 12, 24)])


@tagged("post_install", "-at_install")
class TestWithdrawalDeadline(WithdrawalCommon):
    def _create_service_order(self, **values):
        """Return an order of a service: no goods are to come, whatever apps there are."""
        self.product.type = "service"
        return self._create_web_order(**values)

    @freeze_time("2026-11-12 10:00:00")
    def test_without_delivery_it_begins_with_the_order(self):
        order = self._create_service_order()
        self.assertEqual(order._get_withdrawal_deadline().last_day, date(2026, 11, 26))
        statement = self._enter(order)
        self.assertEqual(statement.deadline, date(2026, 11, 26))
        self.assertIn("14 days", statement.deadline_words)
        self.assertFalse(statement.is_late)

    def test_late_is_marked_and_recorded(self):
        with freeze_time("2026-11-02 10:00:00"):
            order = self._create_service_order()
        with freeze_time("2026-11-16 22:59:00"):
            self.assertFalse(self._enter(order).is_late)
        with freeze_time("2026-11-16 23:01:00"):
            statement = self._enter(order)
        self.assertTrue(statement.is_late)
        self.assertEqual(statement.state, "received")
        self.assertEqual(statement.deadline, date(2026, 11, 16))

    def test_letter_that_was_posted_in_time_is_not_late(self):
        """Article 11(2): what is sent before the period ends is in time."""
        with freeze_time("2026-11-02 10:00:00"):
            order = self._create_service_order()
        with freeze_time("2026-11-19 10:00:00"):
            in_time = self._enter(order, sent_on="2026-11-16")
            too_late = self._enter(order, sent_on="2026-11-17")
            unknown = self._enter(order)
        self.assertFalse(in_time.is_late)
        self.assertTrue(too_late.is_late)
        self.assertTrue(unknown.is_late)
        self.assertEqual(in_time.refund_due, date(2026, 12, 3), "from the day we were told")
        html, _type = self.env["ir.actions.report"]._render_qweb_html(
            "order_withdrawal.report_withdrawal_case_action", in_time.ids
        )
        self.assertIn("Sent on", html.decode())

    def test_day_of_sending_is_possible(self):
        with freeze_time("2026-11-19 10:00:00"):
            order = self._create_service_order()
            for day in ("2026-11-21", "0026-11-16"):
                with self.assertRaises(UserError):
                    self._enter(order, sent_on=day)
            statement = self._enter(order, sent_on="2026-11-20")
            self.assertEqual(statement.sent_on, date(2026, 11, 20), "it is tomorrow somewhere")

    def test_holidays_of_the_company(self):
        calendar = self.company.resource_calendar_id
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "calendar_id": calendar.id,
                "company_id": self.company.id,
                "date_from": "2026-11-25 23:00:00",
                "date_to": "2026-11-26 22:59:59",
            }
        )
        calendar.tz = WARSAW
        resource = self.env["resource.resource"].create({"name": "Somebody"})
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Own",
                "calendar_id": calendar.id,
                "resource_id": resource.id,
                "date_from": "2026-11-26 23:00:00",
                "date_to": "2026-11-27 22:59:59",
            }
        )
        with freeze_time("2026-11-12 10:00:00"):
            order = self._create_service_order()
            found = order._get_withdrawal_deadline()
        self.assertEqual(found.last_day, date(2026, 11, 27))
        self.assertEqual(found.moved_over, (date(2026, 11, 26),))
        self.assertIn("holiday", self._enter(order).deadline_words)

    def test_days_off_are_asked_anew(self):
        """They are kept in memory: whatever changes them is seen at once."""
        calendar = self.company.resource_calendar_id
        calendar.tz = WARSAW
        leaves = self.env["resource.calendar.leaves"]
        somebody = self.env["resource.resource"].create({"name": "Somebody"})
        with freeze_time("2026-11-12 10:00:00"):
            order = self._create_service_order()

        def last_day():
            return order._get_withdrawal_deadline().last_day.day

        self.assertEqual(last_day(), 26)
        holiday = leaves.create(
            {
                "calendar_id": calendar.id,
                "company_id": self.company.id,
                "date_from": "2026-11-25 23:00:00",
                "date_to": "2026-11-26 22:59:59",
            }
        )
        self.assertEqual(last_day(), 27)
        calendar.tz = "Asia/Tokyo"  # where it is two days
        self.assertEqual(last_day(), 30)
        calendar.tz = WARSAW
        holiday.date_from = "2026-11-26 23:00:00"
        holiday.date_to = "2026-11-27 22:59:59"
        self.assertEqual(last_day(), 26)
        holiday.write({"date_from": "2026-11-25 23:00:00", "resource_id": somebody.id})
        self.assertEqual(last_day(), 26)
        holiday.resource_id = False
        self.assertEqual(last_day(), 30)
        self.company.resource_calendar_id = calendar.create({"name": "Bare"})
        self.assertEqual(last_day(), 26)
        self.company.resource_calendar_id = calendar
        self.assertEqual(last_day(), 30)
        holiday.unlink()
        self.assertEqual(last_day(), 26)

    def test_other_servers_ask_anew_too(self):
        """What is kept in memory is dropped by Odoo's own signal, which all servers read."""
        registry, calendar = self.env.registry, self.company.resource_calendar_id
        values = {"calendar_id": calendar.id, "date_from": "2026-11-25", "date_to": "2026-11-26"}
        somebody = self.env["resource.resource"].create({"name": "Somebody"})
        registry.cache_invalidated.clear()
        self.env["resource.calendar.leaves"].create({**values, "resource_id": somebody.id})
        self.assertNotIn("default", registry.cache_invalidated)
        holiday = self.env["resource.calendar.leaves"].create(values)
        self.assertIn("default", registry.cache_invalidated)
        for change in (
            lambda: holiday.write({"date_to": "2026-11-27"}),
            lambda: calendar.write({"tz": "Asia/Tokyo"}),
            holiday.unlink,
        ):
            registry.cache_invalidated.clear()
            change()
            self.assertIn("default", registry.cache_invalidated)

    def test_days_are_the_companys(self):
        self.company.withdrawal_days = 30
        with freeze_time("2026-11-12 10:00:00"):
            order = self._create_service_order()
        self.assertEqual(order._get_withdrawal_deadline().last_day, date(2026, 12, 14))

    def test_list_takes_no_more_queries_for_more_statements(self):
        fields = ["deadline", "is_late", "has_exception", "is_repeat", "is_outside", "refund_due"]

        def read(count):
            statements = self.env["sale.withdrawal"]
            for order in self._create_orders(count=count, document_type="web"):
                statements |= self._enter(order).with_env(self.env)
            statements.read(fields)
            with self._count_queries() as queries:
                statements.read(fields)
            return queries[0]

        self.assertNoMoreQueries(read(2), read(12))

    def test_dates_at_either_end_of_the_calendar(self):
        for moment, zone, last_day in (
            (datetime(9999, 12, 31, 23, 30), "Asia/Tokyo", date.max),
            (datetime(9999, 12, 25, 10, 0), WARSAW, date.max),
            (datetime(1, 1, 1, 0, 30), "America/Los_Angeles", date(1, 1, 15)),
        ):
            self.assertEqual(get_deadline(moment, 14, zone).last_day, last_day)
        everything = frozenset(date.max - timedelta(days=days) for days in range(90))
        self.assertEqual(get_deadline(datetime.max, 14, WARSAW, everything).last_day, date.max)
        order = self._create_service_order()
        order.date_order = datetime(1, 1, 1, 0, 30)
        self.customer.write({"country_id": self.env.ref("base.us").id, "tz": "America/Los_Angeles"})
        order.partner_id.invalidate_recordset()
        self.assertEqual(order._get_withdrawal_deadline().last_day.year, 1)

    @freeze_time("2026-11-12 10:00:00")
    def test_holiday_without_an_end(self):
        order = self._create_service_order()
        calendar = self.company.resource_calendar_id
        calendar.tz = WARSAW
        values = {"calendar_id": calendar.id}
        holiday = self.env["resource.calendar.leaves"].create(
            {**values, "date_from": "2026-11-25 23:00:00", "date_to": "9999-12-31 23:00:00"}
        )
        last_day = order._get_withdrawal_deadline().last_day
        self.assertGreater(last_day, date(2027, 1, 1), "no period is moved for ever")
        days = self.company._get_holidays(datetime(2026, 11, 12), datetime(2027, 1, 12))
        self.assertLessEqual(len(days), 62)
        self.assertTrue(date(2026, 11, 26) in days and date(2026, 11, 25) not in days)
        holiday.date_from = datetime(1, 1, 1)
        days = self.company._get_holidays(datetime(2026, 11, 12), datetime(2027, 1, 12))
        self.assertLessEqual(len(days), 62)

    def test_statement_of_an_impossible_year_is_refused(self):
        for moment, words in (("0026-11-12 10:00:00", "26"), ("9999-12-31 23:30:00", "future")):
            with self.assertRaisesRegex(UserError, words):
                self._enter(self.order, received_at=moment)

    def test_refund_is_due_after_fourteen_days(self):
        with freeze_time("2026-11-12 23:30:00"):
            statement = self._enter(self.order)
        self.assertEqual(statement.refund_due, date(2026, 11, 27))
        with freeze_time("2026-11-27 12:00:00"):
            statement.invalidate_recordset()
            self.assertFalse(statement.is_refund_overdue)
        with freeze_time("2026-11-28 12:00:00"):
            statement.invalidate_recordset()
            self.assertTrue(statement.is_refund_overdue)
            self.assertEqual(self.order.status_attention, "withdrawal_overdue")
            found = self.env["sale.order"].search([("status_attention", "!=", False)])
            self.assertIn(self.order, found)
            statement.action_done()
            self.order.invalidate_recordset()
            self.assertFalse(self.order.status_attention)
