import re
import sys
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.mail_delivery_retry.tests.common import Race

from ..models import sale_order_lookup
from .common import OrderStatusCommon
from .outbox import OUTBOX_LOGGER, OutboxCommon
from .portal import PortalCommon

HOUR = timedelta(hours=1)
LOOKUP = "odoo.addons.order_status_flags.models.sale_order_lookup"


class LookupCommon(OrderStatusCommon):
    def _ask(self, reference, email, ip="192.0.2.1"):
        self.env["sale.order.lookup"]._ask(reference, email, ip)

    def _links(self, orders):
        return self.env["sale.order.status.history"].search(
            [("order_id", "in", orders.ids), ("mail_kind", "=", "link")]
        )


@tagged("post_install", "-at_install")
class TestLookup(LookupCommon, OutboxCommon):
    def _answer(self):
        return [mail for mail in self._run() if "asked for" in mail["subject"]]

    def test_link_goes_to_the_address_of_the_order(self):
        order = self._create_order(client_order_ref="PO 77/a")
        for number, (reference, email) in enumerate(
            (
                (order.name, "buyer@example.com"),
                (f"  {order.name.lower()} ", "Wholesale <BUYER@Example.com>"),
                ("po77/A", "buyer@example.com"),
            )
        ):
            self._ask(reference, email, ip=f"192.0.2.{number}")
            mails = self._answer()
            self.assertEqual([mail["to"] for mail in mails], [["buyer@example.com"]], reference)
            self.assertIn(f"/order/status/{order.order_tracking_token}", mails[0]["text"])
        self.assertEqual(len(self._links(order)), 1, "the history does not grow by it")

    def test_who_writes_for_the_company_of_the_customer(self):
        company = self.env["res.partner"].create(
            {"name": "Paint House", "is_company": True, "email": "house@example.com"}
        )
        self.customer.parent_id = company
        order = self._create_order()
        self._ask(order.name, "house@example.com")
        self.assertEqual([mail["to"] for mail in self._answer()], [["buyer@example.com"]])

    def test_nothing_fits(self):
        order = self._create_order()
        stranger = self.env["res.partner"].create({"name": "X", "email": "x@example.com"})
        foreign = self._create_order(partner_id=stranger.id)
        for reference, email in (
            (order.name, "x@example.com"),
            (foreign.name, "buyer@example.com"),
            (order.name[:-1], "buyer@example.com"),
            (order.name, ""),
            ("", "buyer@example.com"),
            ("%", "buyer@example.com"),
            ("_" * len(order.name), "buyer@example.com"),
            (None, None),
            (order.name, "buyer@example.com\x00"),
        ):
            with self.subTest(reference=reference, email=email):
                self.env["order.status.limit"].search([]).unlink()
                self._ask(reference, email)
                self.assertEqual(len(self._answer()), email == "buyer@example.com\x00")

    def test_empty_address_is_nobodys(self):
        """To Odoo it is that of every contact without one, whose orders would all be read."""
        nobody = self.env["res.partner"].create({"name": "No address"})
        order = self._create_order(partner_id=nobody.id)
        asked = self.env["sale.order.lookup"].create({"reference": order.name, "email": ""})
        with patch.object(self.registry["sale.order.lookup"], "_fits", return_value=True):
            self.assertFalse(asked._find_orders()[0])

    def test_drafts_other_settings_and_ended_links(self):
        order = self._create_order(confirm=False)
        self._ask(order.name, "buyer@example.com")
        self.assertEqual(self._answer(), [])
        order.action_confirm()
        for setting in ("order_status_tracking_page", "order_status_lookup"):
            self.company[setting] = False
            self._ask(order.name, "buyer@example.com")
            self.assertEqual(self._answer(), [])
            self.company[setting] = True
        order._action_cancel()
        self._ask(order.name, "buyer@example.com")
        self.assertEqual(len(self._answer()), 1, "a cancelled order has its page")

    def test_switched_off_before_the_mail_leaves(self):
        order = self._create_order()
        self._ask(order.name, "buyer@example.com")
        self.env["sale.order.lookup"]._answer_all()
        self.company.order_status_tracking_page = False
        self.assertEqual(self._answer(), [])
        self.assertEqual(self._links(order).mail_state, "superseded")

    def test_several_fit(self):
        orders = self._create_orders(8, client_order_ref="PO-1")
        self._ask("PO-1", "buyer@example.com")
        self.env["sale.order.lookup"]._answer_all()
        self.assertEqual(self._links(orders).order_id, orders[-5:], "the newest")

    def test_nothing_is_kept_of_who_asked(self):
        order = self._create_order()
        self._ask(order.name, "buyer@example.com")
        self._ask("nothing", "nobody@example.com")
        self._answer()
        self.assertFalse(self.env["sale.order.lookup"].search([]))
        limits = self.env["order.status.limit"].search([])
        self.assertTrue(limits)
        self.assertNotIn("example.com", str(limits.read(["key", "hits"])))
        with freeze_time(fields.Datetime.now() + timedelta(days=2)):
            limits._gc_limits()
        self.assertFalse(limits.exists())

    def test_many_take_no_query_per_request(self):
        counts = []
        for size in (2, 2, 20):
            for order in self._create_orders(size):
                self.env["sale.order.lookup"].create(
                    {"reference": order.name, "email": "buyer@example.com"}
                )
            with self._count_queries() as queries:
                self.env["sale.order.lookup"]._answer_all()
            counts.append(queries[0])
        self.assertNoMoreQueries(counts[1], counts[2])

    def test_other_orders_of_the_contact_are_not_read(self):
        """The contact of a marketplace has any number of them."""
        order = self._create_order(client_order_ref="PO 1")
        asked = self.env["sale.order.lookup"].create(
            {"reference": order.name, "email": "buyer@example.com"}
        )
        counts = []
        for size in (1, 20):
            self._create_orders(size, client_order_ref="PO 2")
            self.env.invalidate_all()
            with patch(f"{LOOKUP}._squeeze", wraps=sale_order_lookup._squeeze) as squeeze:
                self.assertEqual(asked._find_orders(), [order])
            counts.append(squeeze.call_count)
        self.assertEqual(counts[0], counts[1])

    def test_whatever_python_takes_for_the_same_is_found(self):
        """PostgreSQL has other notions of upper case and of spaces."""
        for reference, typed in (
            ("Straße 12", "STRASSE12"),
            ("\u212a-7 \u017f", "k-7s"),  # the sign of Kelvin, a long s
            ("№\u00a07\u30007\u2003b", "№77B"),
            ("ﬁ 3", "FI3"),
            ("İ1", "i̇1"),
            ("ΣΑΣ", "σας"),
            ("ü", "Ü"),
            ("٣4", "٣ 4"),
            ("no digits", "NODIGITS"),
        ):
            order = self._create_order(client_order_ref=reference)
            asked = self.env["sale.order.lookup"].create(
                {"reference": typed, "email": "buyer@example.com"}
            )
            with self.subTest(reference=reference):
                self.assertEqual(asked._find_orders(), [order])

    def test_folding_leaves_the_digits_as_they_are(self):
        """So orders are looked for by them."""
        keep, squeeze = sale_order_lookup._keep_digits, sale_order_lookup._squeeze
        self.assertFalse(
            [
                code
                for code in range(sys.maxunicode + 1)
                if keep(squeeze(chr(code))) != keep(chr(code))
            ]
        )

    def test_more_than_one_run_answers(self):
        cron = self.env.ref("order_status_flags.ir_cron_status_mail")
        triggers = [("cron_id", "=", cron.id)]
        orders = self._create_orders(3)
        for order in orders:
            self.env["sale.order.lookup"].create(
                {"reference": order.name, "email": "buyer@example.com"}
            )
        with patch(f"{LOOKUP}.BATCH", 2):
            before = self.env["ir.cron.trigger"].search_count(triggers)
            self.env["sale.order.lookup"]._answer_all()
            self.assertEqual(len(self._links(orders)), 2)
            self.assertGreater(self.env["ir.cron.trigger"].search_count(triggers), before + 1)
            self.env["sale.order.lookup"]._answer_all()
        self.assertEqual(len(self._links(orders)), 3)

    def test_order_that_somebody_changes_is_answered_later(self):
        order, other = self._create_orders(2)
        for asked in (order, other):
            self._ask(asked.name, "buyer@example.com")
        Order = self.registry["sale.order"]
        with patch.object(
            Order, "try_lock_for_update", lambda orders, **_options: orders.filtered(other.__eq__)
        ):
            self.env["sale.order.lookup"]._answer_all()
        self.assertEqual(self._links(order | other).order_id, other)
        self.assertEqual(len(self._answer()), 2, "each of them once")
        self.assertEqual(self._answer(), [])

    def test_link_is_not_sent_to_another_customer(self):
        order = self._create_order()
        self._ask(order.name, "buyer@example.com")
        self.env["sale.order.lookup"]._answer_all()
        order.partner_id = self.env["res.partner"].create({"name": "R", "email": "r@example.com"})
        self.assertEqual(self._answer(), [])
        self._ask(order.name, "r@example.com")
        self.assertEqual([mail["to"] for mail in self._answer()], [["r@example.com"]])

    def test_failure_stops_no_status_mail(self):
        def fail(_lookup):
            raise ValueError("whatever")

        self.patch(self.registry["sale.order.lookup"], "_answer_all", fail)
        _order, row = self._flagged()
        with mute_logger(f"{OUTBOX_LOGGER}.kinds"):
            self._run()
        self.assertEqual(row.mail_state, "sent")

    def test_hit_and_miss_take_the_same_queries(self):
        order = self._create_order()
        counts = []
        for reference in ("warm", order.name, "no such order"):
            self.env["order.status.limit"].search([]).unlink()
            with self._count_queries() as queries:
                self._ask(reference, "buyer@example.com")
            counts.append(queries[0])
        self.assertEqual(counts[1], counts[2])

    # === LIMITS === #

    def test_five_an_hour_and_address(self):
        now = fields.Datetime.now()
        with freeze_time(now):
            for number in range(7):
                self._ask(f"A{number}", "Buyer@example.com", ip=f"192.0.2.{number}")
            self.assertEqual(len(self.env["sale.order.lookup"].search([])), 5)
            self._ask("A", "other@example.com")
            self.assertEqual(len(self.env["sale.order.lookup"].search([])), 6)
        with freeze_time(now + HOUR + timedelta(seconds=1)):
            self._ask("A", "buyer@example.com")
            self.assertEqual(len(self.env["sale.order.lookup"].search([])), 7)

    def test_hour_slides(self):
        now = fields.Datetime.now()
        limit = self.env["order.status.limit"]
        taken = []
        for minutes in (0, 50, 55, 61, 62, 111):
            with freeze_time(now + timedelta(minutes=minutes)):
                taken.append(limit._take("test", "x", 3, HOUR))
        self.assertEqual(taken, [True, True, True, True, False, True])

    def test_twenty_an_hour_and_ip(self):
        for number in range(23):
            self._ask("A", f"a{number}@example.com")
        self.assertEqual(len(self.env["sale.order.lookup"].search([])), 20)

    def test_network_of_ipv6_is_one_sender(self):
        for number in range(23):
            self._ask("A", f"a{number}@example.com", ip=f"2001:db8::{number:x}")
        self.assertEqual(len(self.env["sale.order.lookup"].search([])), 20)
        self._ask("A", "b@example.com", ip="2001:db8:0:1::1")
        self.assertEqual(len(self.env["sale.order.lookup"].search([])), 21)

    # === ACCESS === #

    def test_nobody_reads_who_asked(self):
        self._ask("A", "buyer@example.com")
        for model in ("sale.order.lookup", "order.status.limit"):
            for user in (self.seller, self.manager, self.env.ref("base.user_admin")):
                with self.assertRaises(AccessError):
                    self.env[model].with_user(user).search_read([])


@tagged("post_install", "-at_install")
class TestLookupRace(Race, LookupCommon):
    def test_limit_holds_at_the_same_moment(self):
        self.addCleanup(self._remove)
        results = []

        def take(env):
            results.append(env["order.status.limit"]._take("test_race", "x", 1, HOUR))

        with self._transaction() as first, self._transaction() as second:
            second.cr.execute("SELECT 1")  # its view of the database begins here
            take(first)
            self._run_against(first, second, lambda: take(second))
        self.assertEqual(results, [True, False])

    def _remove(self):
        with self._transaction() as env:
            env.cr.execute("DELETE FROM order_status_limit")


@tagged("post_install", "-at_install")
class TestLookupPage(LookupCommon, PortalCommon):
    def setUp(self):
        super().setUp()
        self.authenticate(None, None)

    def _find(self, reference="", email="", **data):
        return self._post("/order/find", reference=reference, email=email, **data)

    def _same(self, response):
        """What is to be the same for everybody: status, headers, text but for its CSRF token."""
        headers = {
            name: value
            for name, value in response.headers.items()
            if name not in ("Date", "Set-Cookie")
        }
        text = re.sub(r'name="csrf_token" value="\w+"', "", response.text)
        return response.status_code, headers, text

    def test_same_answer_whatever_is_asked(self):
        order = self._create_order()
        email = self.customer.email or "test_buyer@example.com"
        self.customer.email = email
        answers = [
            self._same(self._find(reference, address))
            for reference, address in (
                (order.name, email),
                ("no such order", email),
                (order.name, "nobody@example.com"),
                ("", ""),
                ("x" * 5000, "y" * 5000),
                *[(order.name, email)] * 8,  # over the limit, too
            )
        ]
        for answer in answers:
            self.assertEqual(answer, answers[0])
        status, headers, text = answers[0]
        self.assertEqual(status, 200)
        self.assertEqual(headers["Cache-Control"], "no-store")
        self.assertEqual(headers["Referrer-Policy"], "no-referrer")
        self.assertIn("noindex", headers["X-Robots-Tag"])
        self.assertNotIn(order.name, text)
        self.assertNotIn(email, text)

    def test_looking_changes_nothing(self):
        order = self._create_order()
        url = f"/order/find?reference={order.name}&email={self.customer.email}"
        self.assertEqual(self._get(url).status_code, 200)
        self.assertEqual(self.url_open(url, method="HEAD").status_code, 200)
        self.assertFalse(self.env["sale.order.lookup"].search([]))
        self.assertFalse(self.env["order.status.limit"].search([]))

    def test_form_needs_its_token(self):
        self.assertEqual(self._post("/order/find", csrf=False, reference="A").status_code, 400)

    def test_switched_off(self):
        for setting in ("order_status_lookup", "order_status_tracking_page"):
            self.company[setting] = False
            self.assertEqual(self._get("/order/find").status_code, 404)
            self.assertEqual(self._find("A", "a@example.com").status_code, 404)
            self.assertNotIn("/order/find", self._get("/order/status/no-such-token").text)
            self.company[setting] = True
        self.assertFalse(self.env["sale.order.lookup"].search([]))

    def test_linked_from_the_dead_link(self):
        response = self._get("/order/status/no-such-token")
        self.assertEqual(response.status_code, 404)
        self.assertIn('href="/order/find"', response.text)

    def test_files_and_lists_are_no_text(self):
        response = self.url_open(
            "/order/find",
            data={"csrf_token": self._csrf(), "reference": ["A", "B"]},
            files={"email": ("a.txt", b"x")},
            allow_redirects=False,
        )
        self.assertEqual(response.status_code, 200)

    def _csrf(self):
        return re.search(r'name="csrf_token" value="(\w+)"', self._get("/order/find").text)[1]
