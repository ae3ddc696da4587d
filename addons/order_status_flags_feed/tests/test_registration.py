from datetime import timedelta

import psycopg2
from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .common import MOMENT
from .orders_common import OrdersCommon

DOMAIN = [("status_attention", "=", "erp_unregistered")]


@tagged("post_install", "-at_install")
class TestRegistration(OrdersCommon):
    """Orders that no ERP has registered in time are in Needs attention."""

    def setUp(self):
        super().setUp()
        self.order = self._place()
        self._age(61)

    def _age(self, minutes, order=None):
        moment = fields.Datetime.now() - timedelta(minutes=minutes)
        (order or self.order).date_order = moment

    def assertUnregistered(self, expected, user=None):
        order = self.order.with_user(user or self.seller)
        orders = order.search([("id", "=", order.id), *DOMAIN])
        self.assertEqual(bool(orders), expected, "found")
        self.env.invalidate_all()
        self.assertEqual(order.status_attention == "erp_unregistered", expected, "shown")
        self.assertEqual(order.is_erp_unregistered, expected)
        self.assertEqual(
            order in order.search([("is_erp_unregistered", "=", False)]), not expected, "reverse"
        )
        self.assertEqual(self.feed.unregistered_count, int(expected))

    def test_after_the_minutes_of_the_feed(self):
        self.assertUnregistered(True)
        self._age(59)
        self.assertUnregistered(False)
        self.feed.registration_minutes = 30
        self.assertUnregistered(True)

    def test_never_with_zero_minutes_or_an_archived_feed(self):
        self.feed.registration_minutes = 0
        self.assertUnregistered(False)
        self.feed.registration_minutes = 60
        self.feed.active = False
        self.assertUnregistered(False)

    @mute_logger("odoo.sql_db")
    def test_minutes_out_of_range_are_refused(self):
        for minutes in (-1, 2**31 - 1):
            with self.assertRaises(psycopg2.errors.CheckViolation), self.cr.savepoint():
                self.feed.registration_minutes = minutes
                self.env.flush_all()

    def test_number_document_or_cancellation_settle_it(self):
        self.order.external_ref = "ZK 1"
        self.assertUnregistered(False)
        self.order.external_ref = ""
        self.assertUnregistered(True)
        document = self.env["sale.order.erp.document"].create(
            {
                "order_id": self.order.id,
                "feed_id": self.feed.id,
                "kind": "order",
                "number": "ZK 1",
            }
        )
        self.assertUnregistered(False)
        document.state = "cancelled"
        self.assertUnregistered(True)
        document.write({"state": "open", "kind": "invoice"})
        self.assertUnregistered(True)
        self.order._action_cancel()
        self.assertUnregistered(False)

    def test_fetched_is_not_registered(self):
        self._news()
        self.assertUnregistered(True)
        self._push(
            {
                "key": "1",
                "order": self.order.name,
                "document": {"kind": "order", "number": "ZK 7"},
                "changed_at": MOMENT,
            }
        )
        self.assertEqual(self.order.external_ref, "ZK 7")
        self.assertUnregistered(False)

    def test_filter_names_nothing_that_its_author_may_not_read(self):
        """Which orders come out would tell what is there."""
        field = type(self.env["res.partner"])._fields["comment"]
        self.patch(field, "groups", "base.group_system")
        self.env.registry.clear_all_caches()
        feed = self.feed.with_user(self.manager)
        before = self.feed.export_domain
        for domain, named in (
            ("[('partner_id.comment', 'ilike', 'a')]", "partner_id.comment"),
            ("['!', ('partner_id', 'any', [('comment', '=', 'a')])]", "partner_id.comment"),
            ("[('partner_id.parent_id.comment', '=', 'a')]", "partner_id.parent_id.comment"),
            ("[('transaction_ids.provider_id.code', '=', 'x')]", "transaction_ids.provider_id"),
            ("[('transaction_ids.provider_id', 'ilike', 'x')]", "transaction_ids.provider_id"),
        ):
            with self.subTest(domain):
                with self.assertRaisesRegex(ValidationError, named), self.cr.savepoint():
                    feed.export_domain = domain
                with self.assertRaisesRegex(ValidationError, named), self.cr.savepoint():
                    feed.create({"name": "Guess", "export_domain": domain})
                self.assertEqual(self.feed.export_domain, before)
        feed.export_domain = "[('partner_id', 'ilike', 'Buyer'), ('partner_id.name', '!=', 'x')]"
        feed.create({"name": "Default"})

    def test_filter_of_somebody_with_more_rights_stays(self):
        field = type(self.env["res.partner"])._fields["comment"]
        self.patch(field, "groups", "base.group_system")
        self.env.registry.clear_all_caches()
        domain = "[('partner_id.comment', '=', False)]"
        self.feed.with_user(self.env.ref("base.user_admin")).export_domain = domain
        self.feed.with_user(self.manager).write({"name": "Renamed", "export_domain": domain})
        self.assertEqual((self.feed.name, self.feed.export_domain), ("Renamed", domain))
        self.assertIn(self.order.id, [order["id"] for order in self._read_all()[0]])

    def test_orders_that_the_feed_does_not_want(self):
        self.feed.export_domain = "[('document_type', '!=', 'web')]"
        self.assertUnregistered(False)

    def test_web_order_counts_from_when_it_left_the_cart(self):
        order = self._create_order(document_type="web", confirm=False)
        self._age(9999, order)
        order.action_quotation_sent()
        self.assertFalse(order.is_erp_unregistered)
        self.assertGreater(order.erp_placed_at, fields.Datetime.now() - timedelta(minutes=1))
        (found,) = (row for row in self._news() if row["id"] == order.id)
        self.assertEqual(found["placed_at"], order.erp_placed_at.isoformat() + "Z")

    def test_orders_of_the_last_days_count_when_the_addon_comes(self):
        archived, cancelled = self._place(), self._place()
        cancelled._action_cancel()
        self._age(6 * 24 * 60)
        self._age(8 * 24 * 60, archived)
        cart = self._create_order(document_type="web", confirm=False)
        self.env.flush_all()
        orders = self.order | archived | cancelled | cart
        self.env.cr.execute(
            "UPDATE sale_order SET erp_placed_at = NULL WHERE id = ANY(%s)", [orders.ids]
        )
        self.env["sale.order"]._fill_erp_placed_at()
        self.env.invalidate_all()
        self.assertEqual(orders.filtered("erp_placed_at"), self.order)
        self.assertEqual(self.order.erp_placed_at, self.order.date_order)
        self.assertUnregistered(True)
        self.assertFalse(archived.is_erp_unregistered)

    def test_order_of_the_archive_is_not_placed_when_it_is_cancelled(self):
        self._age(8 * 24 * 60)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order SET erp_placed_at = NULL WHERE id = %s", [self.order.id]
        )
        self.env.invalidate_all()
        self.order._action_cancel()
        self.assertEqual(self.order.erp_placed_at, self.order.date_order)
        (found,) = (row for row in self._news() if row["id"] == self.order.id)
        self.assertEqual(found["placed_at"], self.order.date_order.isoformat() + "Z")

    def test_warning_stands_above_the_documents(self):
        arch = etree.fromstring(self.env["sale.order"].get_view(view_type="form")["arch"])
        parts = arch.xpath("//page[@name='erp']//div[contains(@invisible, 'is_erp_unregistered')]")
        self.assertEqual(len(parts), 1)
        documents = arch.xpath("//page[@name='erp']//field[@name='erp_document_ids']")
        self.assertTrue(documents)
        order = list(arch.iter())
        self.assertLess(order.index(parts[0]), order.index(documents[0]))

    def test_pressing_reasons_come_first(self):
        self.order.sudo()._write({"cancellation_requested_on": fields.Datetime.now()})
        self.order.invalidate_recordset()
        self.assertEqual(self.order.status_attention, "cancellation")
        self.assertIn(self.order, self.order.search(DOMAIN), "found by either")

    def test_filter_that_names_a_field_of_an_addon_that_was_removed(self):
        """Clerks go on opening their orders, and the ERP is told."""
        self.assertUnregistered(True)
        self.env.cr.execute(
            "UPDATE order_flag_feed SET export_domain = %s WHERE id = %s",
            ["[('field_of_another_addon', '=', 1)]", self.feed.id],
        )
        self.env.invalidate_all()
        self.assertUnregistered(False)
        with self.assertRaisesRegex(UserError, "cannot be read.*field_of_another_addon"):
            self.as_client.orders(self.cursor)
        self.feed.with_user(self.manager).export_domain = "[]"

    def test_filter_that_names_what_clerks_cannot_read(self):
        self.feed.export_domain = (
            "[('partner_id.name', '=', 'Wholesale Buyer'), ('origin', '=', False)]"
        )
        self.patch(self.env["sale.order"]._fields["origin"], "groups", "base.group_system")
        self.assertUnregistered(True)

    def test_button_opens_what_was_counted(self):
        """By the minutes of this feed, whatever others wait for."""
        patient = self._create_feed(registration_minutes=100000)
        self.feed.registration_minutes = 1
        self.assertUnregistered(True)
        for feed in (self.feed, patient):
            feed = feed.with_user(self.manager)
            feed.invalidate_recordset()
            found = self.env["sale.order"].search(feed.action_view_unregistered()["domain"])
            self.assertEqual(len(found), feed.unregistered_count)
        self.assertFalse(found)

    def test_button_of_the_feed_opens_them(self):
        other = self._place()
        action = self.feed.with_user(self.manager).action_view_unregistered()
        found = self.env[action["res_model"]].with_user(self.manager).search(action["domain"])
        self.assertIn(self.order, found)
        self.assertNotIn(other, found)
        with self.assertRaises(AccessError):
            self.feed.with_user(self.seller).action_view_unregistered()

    def test_forms_show_it(self):
        self._news()
        with Form(self.order.with_user(self.seller)) as form:
            self.assertTrue(form.is_erp_unregistered)
            self.assertEqual(len(form.erp_fetch_ids), 1)
        with Form(self.feed.with_user(self.manager)) as form:
            self.assertTrue(form.last_fetch)
            form.registration_minutes = 15

    def test_customers_cannot_ask(self):
        portal = new_test_user(
            self.env, "test_feed_customer", groups="base.group_portal", partner_id=self.customer.id
        )
        order = self.order.with_user(portal)
        for name in ("is_erp_unregistered", "erp_placed_at", "erp_fetch_ids", "status_attention"):
            with self.assertRaises(AccessError):
                order.read([name])
            with self.assertRaises(AccessError):
                order.search([(name, "!=", False)])

    def test_attention_is_colored(self):
        colors = self._attention_colors("order_status_flags.sale_order_view_list_status")
        for reason in ("erp_unregistered", "question", "cancellation"):
            self.assertEqual(colors[reason], "warning")

    def test_attention_takes_no_more_queries_for_more_orders(self):
        def count(number):
            orders = self._create_orders(number, document_type="web")
            with self._count_queries() as queries:
                orders.mapped("status_attention")
            return queries[0]

        count(1)
        self.assertNoMoreQueries(count(2), count(20))
