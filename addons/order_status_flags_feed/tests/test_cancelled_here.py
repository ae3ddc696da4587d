from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

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

    def test_earlier_number_of_a_renumbered_order_is_none(self):
        self._register()
        self._register(number="ZK 2")
        self._cancel(hours=2)
        self.assertStillOpen(True)
        self._register(number="ZK 2", state="cancelled")
        self.assertStillOpen(False)

    def test_second_erp_goes_on_with_it(self):
        """Its number is not the one on the order; that of the first is no older number of it."""
        other = self._create_feed(name="Other").with_user(self.client)
        self._register()
        self._register(number="PO 9", feed=other)
        self.assertEqual(self.order.external_ref, "PO 9")
        self._cancel(hours=2)
        self._register(number="PO 9", feed=other, state="cancelled")
        self.assertStillOpen(True)
        self._register(state="cancelled")
        self.assertStillOpen(False)

    def test_earlier_number_is_none_beside_that_of_a_second_erp(self):
        other = self._create_feed(name="Other").with_user(self.client)
        self._register()
        self._register(number="ZK 2")
        self._register(number="PO 9", feed=other)
        self._cancel(hours=2)
        self._register(number="PO 9", feed=other, state="cancelled")
        self.assertStillOpen(True)
        self._register(number="ZK 2", state="cancelled")
        self.assertStillOpen(False)

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


@tagged("post_install", "-at_install")
class TestDeletedBeforeItWasTold(OrdersCommon):
    """What an ERP has fetched is deleted after it has heard of the cancellation."""

    def setUp(self):
        super().setUp()
        self.order = self._place()
        self._news()
        self.order._action_cancel()

    def assertKept(self, order=None, feed="Subiekt"):
        with self.assertRaisesRegex(UserError, f"cannot be deleted yet: “{feed}”"):
            (order or self.order).unlink()

    def test_until_the_cancellation_was_fetched(self):
        self.assertKept()
        self.assertEqual([row["state"] for row in self._news()], ["cancelled"])
        self.assertTrue(self.order.unlink())

    def test_note_that_is_no_change_is_no_cancellation_that_is_missing(self):
        """The message is true of it, too: the ERP has not looked since."""
        self._news()
        self.order.origin = "x"
        with self.assertRaisesRegex(UserError, "has not looked since .* last written"):
            self.order.unlink()
        self._news()
        self.assertTrue(self.order.unlink())

    def test_order_with_documents_and_a_promise(self):
        """They go along, and the promise that follows from them is none that an ERP must hear."""
        order = self._place(commitment_date=fields.Datetime.now() + timedelta(days=5))
        self.assertEqual(self._push_document(order, kind="delivery", number="WZ 1"), "applied")
        self.assertEqual(order.promise_state, "kept")
        self._news()
        order._action_cancel()
        self._news()
        self.assertTrue(order.unlink())

    def test_whoever_deletes(self):
        manager = new_test_user(
            self.env, "test_feed_sales_manager", groups="sales_team.group_sale_manager"
        )
        self.assertKept(self.order.with_user(manager))
        self._news()
        self.assertTrue(self.order.with_user(manager).unlink())

    def test_among_others(self):
        never_fetched = self._place()
        never_fetched._action_cancel()
        self.assertKept(never_fetched | self.order)
        self.assertTrue(never_fetched.unlink())

    def test_not_for_a_feed_whose_filter_cannot_be_read(self):
        # As after its addon has gone: the check of what is typed is not asked.
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE order_flag_feed SET export_domain = %s WHERE id = %s",
            ["[('field_of_another_addon', '=', 1)]", self.feed.id],
        )
        self.env.invalidate_all()
        self.assertTrue(self.order.unlink())

    def test_order_that_was_set_back_to_a_quotation(self):
        self.order.action_draft()
        self.assertKept()
        self._news()
        self.assertTrue(self.order.unlink())

    def test_order_that_is_not_cancelled_is_refused_by_odoo(self):
        order = self._place()
        self._news()
        with self.assertRaisesRegex(UserError, "must first cancel"):
            order.unlink()

    def test_each_feed_that_has_fetched_it(self):
        other = self._create_feed(name="Other", export_domain=self.feed.export_domain)
        as_other = other.with_user(self.client)
        order = self._place()
        self._news()
        cursor = self._read_all(feed=as_other)[1]
        order._action_cancel()
        self._news()
        self.assertKept(order, "Other")
        self._read_all(cursor, feed=as_other)
        self.assertTrue(order.unlink())

    def test_feed_that_fetches_no_more(self):
        self.assertKept()
        self.feed.active = False
        self.assertTrue(self.order.unlink())

    def test_feed_that_has_not_fetched_for_a_month(self):
        self.feed.last_fetch = fields.Datetime.now() - timedelta(days=29)
        self.assertKept()
        self.feed.last_fetch = fields.Datetime.now() - timedelta(days=31)
        self.assertTrue(self.order.unlink())
