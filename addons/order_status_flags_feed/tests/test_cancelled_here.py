from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .orders_common import OrdersCommon

DOMAIN = [("status_attention", "=", "erp_still_open")]


@tagged("post_install", "-at_install")
class TestStillOpen(OrdersCommon):
    """Orders that are cancelled here and go on in the ERP are in Needs attention."""

    def setUp(self):
        super().setUp()
        self.order = self._place()

    def _register(self, **document):
        return self._push_document(self.order, **{"kind": "order", "number": "ZK 1", **document})

    def _cancel(self, **ago):
        self.order._action_cancel()
        self._age(**ago)

    def _age(self, **ago):
        """Let the order be cancelled so long ago."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order SET order_status_date = %s WHERE id = %s",
            [fields.Datetime.now() - timedelta(**ago), self.order.id],
        )
        self.env.invalidate_all()

    def assertStillOpen(self, expected):
        order = self.order.with_user(self.seller)
        self.env.invalidate_all()
        self.assertEqual(order in order.search(DOMAIN), expected, "found")
        self.assertEqual(order.status_attention == "erp_still_open", expected, "shown")
        found = order.search([("status_attention", "!=", False)])
        self.assertEqual(order in found, expected, "found among all")

    def test_after_the_minutes_of_the_feed(self):
        """The ERP fetches the cancellation and cancels: minutes later nobody need do anything."""
        self._register()
        self.assertStillOpen(False)
        self._cancel(minutes=59)
        self.assertStillOpen(False)
        self._age(minutes=61)
        self.assertStillOpen(True)
        self.feed.registration_minutes = 120
        self.assertStillOpen(False)

    def test_until_the_erp_has_cancelled(self):
        self._register()
        self._cancel(hours=2)
        self.assertStillOpen(True)
        self.assertEqual(self._register(state="cancelled"), "applied")
        self.assertStillOpen(False)

    def test_another_order_of_the_erp_is_still_open(self):
        """It split the order, and one of the parts was cancelled: the order is, too."""
        self._register()
        self._register(number="ZK 2")
        self._register(state="cancelled")
        self.assertEqual(self.order.state, "cancel")
        self._age(hours=2)
        self.assertStillOpen(True)

    def test_order_that_a_clerk_takes_over_all_the_same(self):
        self._news()
        self._cancel(hours=2)
        self.assertStillOpen(False)
        self.assertEqual(self._register(), "applied")
        self.assertStillOpen(True)

    def test_never_with_zero_minutes_or_an_archived_feed(self):
        self._register()
        self._cancel(hours=2)
        self.feed.registration_minutes = 0
        self.assertStillOpen(False)
        self.feed.registration_minutes = 60
        self.assertStillOpen(True)
        self.feed.active = False
        self.assertStillOpen(False)

    def test_not_of_the_archive_nor_once_it_is_taken_up_again(self):
        self._register()
        self._cancel(days=91)
        self.assertStillOpen(False)
        self._age(days=89)
        self.assertStillOpen(True)
        self.order.action_draft()
        self.order.action_confirm()
        self._age(hours=2)
        self.assertStillOpen(False)

    def test_order_without_a_status_counts_from_its_own_date(self):
        self._register()
        self.order.set_order_status(False, force=True)
        self._cancel(hours=2)
        self.env.cr.execute(
            "UPDATE sale_order SET order_status_date = NULL, date_order = %s WHERE id = %s",
            [fields.Datetime.now() - timedelta(minutes=61), self.order.id],
        )
        self.assertStillOpen(True)

    def test_both_reasons_are_found_by_one_query(self):
        """Of a page with orders of either, and of one with none of them."""
        self._register()
        self._cancel(hours=2)
        waiting = self._place()
        waiting.date_order = fields.Datetime.now() - timedelta(hours=2)

        def count(orders):
            orders.mapped("status_attention")  # what is compiled once
            with self._count_queries() as queries:
                reasons = orders.mapped("status_attention")
            return queries[0], reasons

        few, _reasons = count(self._place())
        many, reasons = count(self.order | waiting)
        self.assertEqual(reasons, ["erp_still_open", "erp_unregistered"])
        self.assertNoMoreQueries(few, many)
