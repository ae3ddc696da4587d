import re
from datetime import date, datetime, timedelta

from odoo import fields
from odoo.tests import BaseCase, tagged

from ..order_calendar import make_calendar
from .portal import TrackingCommon


@tagged("post_install", "-at_install")
class TestCalendarText(BaseCase):
    def _make(self, **values):
        return make_calendar(
            **{
                "uid": "u@x",
                "day": date(2030, 12, 31),
                "sequence": 3,
                "stamp": datetime(2030, 1, 2, 3, 4, 5),
                "summary": "Delivery",
                **values,
            }
        )

    def test_lines(self):
        text = self._make()
        self.assertTrue(text.endswith("END:VCALENDAR\r\n"))
        self.assertNotIn("\n", text.replace("\r\n", ""))
        for line in (
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "UID:u@x",
            "DTSTAMP:20300102T030405Z",
            "DTSTART;VALUE=DATE:20301231",
            "DTEND;VALUE=DATE:20310101",
            "SEQUENCE:3",
        ):
            self.assertIn(f"{line}\r\n", text)

    def test_texts_are_escaped(self):
        text = self._make(summary="A; B, C\\D\r\nBEGIN:VALARM")
        self.assertIn("SUMMARY:A\\; B\\, C\\\\D\\nBEGIN:VALARM\r\n", text)

    def test_long_lines_are_folded_between_characters(self):
        summary = "Żółć €𝄞" * 40
        text = self._make(summary=summary)
        for line in text.encode().split(b"\r\n"):
            self.assertLessEqual(len(line), 75)
            line.decode()
        self.assertIn(f"SUMMARY:{summary}\r\n", text.replace("\r\n ", ""))


@tagged("post_install", "-at_install")
class TestCalendarFile(TrackingCommon):
    def setUp(self):
        super().setUp()
        self.authenticate(None, None)
        self.noon = fields.Datetime.now().replace(hour=12)

    def _file(self, order):
        response = self._get(self._url(order) + "/delivery.ics")
        self.assertEqual(response.status_code, 200)
        return response

    def _value(self, text, name):
        return re.search(rf"^{name}[^:]*:(.*?)\r\n", text.replace("\r\n ", ""), re.M)[1]

    def test_link_of_the_page_keeps_its_language(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        order = self._create_order(commitment_date=self.noon + timedelta(days=9))
        links = [
            re.search(r'href="([^"]*/delivery\.ics[^"]*)"', self._open(order, query))[1]
            for query in ("", "?lang=pl_PL", "?lang=xx_XX")
        ]
        own = f"{self._url(order)}/delivery.ics"
        self.assertEqual(links, [own, f"{own}?lang=pl_PL", own])

    def test_promised_day(self):
        order = self._create_order(commitment_date=self.noon + timedelta(days=9))
        response = self._file(order)
        self.assertEqual(response.headers["Content-Type"], "text/calendar; charset=utf-8")
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertEqual(response.headers["Referrer-Policy"], "no-referrer")
        self.assertIn("noindex", response.headers["X-Robots-Tag"])
        day = f"{self.noon + timedelta(days=9):%Y%m%d}"
        self.assertIn(f"DTSTART;VALUE=DATE:{day}\r\n", response.text)
        self.assertIn(order.name, self._value(response.text, "SUMMARY"))

    def test_moved_day_keeps_its_uid(self):
        order = self._create_order(commitment_date=self.noon + timedelta(days=9))
        before = self._file(order).content.decode()
        order.commitment_date += timedelta(days=2)
        self.env.flush_all()
        after = self._file(order).content.decode()
        self.assertEqual(self._value(before, "UID"), self._value(after, "UID"))
        self.assertGreater(
            int(self._value(after, "SEQUENCE")), int(self._value(before, "SEQUENCE"))
        )
        other = self._create_order(commitment_date=self.noon + timedelta(days=9))
        self.assertNotEqual(self._value(after, "UID"), self._value(self._file(other).text, "UID"))
        order.rotate_tracking_token()
        self.env.flush_all()
        self.assertEqual(
            self._value(after, "UID"), self._value(self._file(order).content.decode(), "UID")
        )

    def test_nothing_promised_or_to_be_seen(self):
        self.product.type = "service"
        order = self._create_order()
        rejected = self._create_order(commitment_date=self.noon + timedelta(days=9))
        rejected._action_cancel()
        for url in (
            self._url(order),
            self._url(rejected),
            "/order/status/no-such-token",
        ):
            self.assertEqual(self._get(f"{url}/delivery.ics").status_code, 404)
        promised = self._create_order(commitment_date=self.noon + timedelta(days=9))
        self.company.order_status_tracking_page = False
        self.assertEqual(self._get(f"{self._url(promised)}/delivery.ics").status_code, 404)
