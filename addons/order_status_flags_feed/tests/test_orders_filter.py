from odoo.tests import tagged

from .orders_common import OrdersCommon


@tagged("post_install", "-at_install")
class TestOrdersFilter(OrdersCommon):
    """Orders that come under the filter of a feed, or leave it, after they were placed."""

    def _filter(self, *conditions):
        self.feed.export_domain = str([("partner_id.name", "=", "Wholesale Buyer"), *conditions])
        self._news()

    def _states(self):
        return [(row["id"], row["state"]) for row in self._news()]

    # === WHAT THE ERP HAS === #

    def test_cancellation_of_what_the_erp_has_reaches_it(self):
        self._filter(("state", "=", "sale"))
        order, never = self._place(), self._place(confirm=False)
        never.action_quotation_sent()
        self.assertEqual(self._states(), [(order.id, "confirmed")])
        before = self.cursor
        (order | never)._action_cancel()
        self.assertEqual(self._states(), [(order.id, "cancelled")])
        self.assertEqual(self._states(), [])
        # An answer that was lost is asked for again.
        again = self._read_all(before)[0]
        self.assertEqual([row["state"] for row in again], ["cancelled"])

    def test_change_of_what_the_erp_has_reaches_it(self):
        self._filter(("client_order_ref", "=", False))
        order = self._place()
        self._news()
        order.client_order_ref = "PO 1"
        (found,) = self._news()
        self.assertEqual((found["client_order_ref"], found["version"]), ("PO 1", 2))

    def test_order_that_is_set_back_to_a_quotation_is_cancelled_once(self):
        order, never = self._place(), self._place()
        self._filter(("id", "=", order.id))
        (order | never)._action_cancel()
        (order | never).action_draft()
        self.assertFalse(order.was_placed)
        self.assertEqual(self._states(), [(order.id, "cancelled")])
        order.order_line.product_uom_qty = 9
        order.client_order_ref = "Not yet"
        self.assertEqual(self._states(), [])
        order.action_confirm()
        self.assertEqual(self._states(), [(order.id, "confirmed")])

    def test_cursor_that_is_gone_brings_only_what_matches(self):
        """After a restore the filter is narrowed to what the ERP may lack."""
        old, new = self._place(), self._place()
        self._filter()
        self._filter(("id", "=", new.id))
        self.assertEqual([row["id"] for row in self._read_all()[0]], new.ids)
        old._action_cancel()
        found = self._read_all()[0]
        self.assertEqual({row["id"]: row["state"] for row in found}[old.id], "cancelled")
        self.assertEqual([row["id"] for row in self._read_all()[0]], new.ids)

    def _set_fetches_back(self):
        """Let what was fetched be of an hour ago, before anybody begins anew."""
        self.env.flush_all()
        self.env.cr.execute("UPDATE order_flag_feed_fetch SET date = date - interval '1 hour'")

    def test_cursor_that_is_gone_brings_only_what_matches_on_each_page(self):
        orders = self._create_orders(6, document_type="web")
        self._filter()
        wanted = orders[1] | orders[4]
        self._filter(("id", "in", wanted.ids))
        self._set_fetches_back()
        found, cursor = self._read_all(limit=1)
        self.assertEqual([row["id"] for row in found], wanted.ids)
        orders[5]._action_cancel()
        found = self._read_all(cursor, limit=1)[0]
        self.assertEqual(
            [(row["id"], row["state"]) for row in found], [(orders[5].id, "cancelled")]
        )

    def test_beginning_brings_no_order_with_a_note_that_is_no_change(self):
        """As of the scheduled action of promises, or of another salesperson."""
        orders = self._create_orders(3, document_type="web")
        self._filter()
        wanted, noted, changed = orders
        self._filter(("id", "=", wanted.id))
        self._set_fetches_back()
        self.env.cr.execute(
            "UPDATE sale_order SET promise_state = 'late', origin = 'x' WHERE id = ANY(%s)",
            [orders.ids],
        )
        changed.client_order_ref = "PO 1"
        page = self.as_client.orders(limit=1)
        found = page["orders"] + self._read_all(page["cursor"], limit=1)[0]
        self.assertEqual({row["id"] for row in found}, set((wanted | changed).ids))
        self.assertEqual(self.env["order.flag.feed.fetch"].search([]).order_id & noted, noted)
        # What is known by now takes no look at its content.
        self._set_fetches_back()
        self.assertEqual({row["id"] for row in self._read_all(limit=1)[0]}, set(wanted.ids))

    def test_later_page_of_a_beginning_is_given_again(self):
        orders = self._create_orders(3, document_type="web")
        self._filter()
        self._filter(("id", "=", orders[0].id))
        self._set_fetches_back()
        orders[2]._action_cancel()
        page = self.as_client.orders(limit=1)
        self.assertEqual([row["id"] for row in page["orders"]], orders[0].ids)
        for _answer in ("lost", "taken"):
            found, cursor = self._read_all(page["cursor"], limit=1)
            self.assertEqual([row["state"] for row in found], ["cancelled"])
        self.assertEqual(self._read_all(cursor)[0], [])

    def test_first_page_that_is_lost_loses_nothing(self):
        """Whoever begins has no cursor yet by which to ask for the same page again."""
        orders = self._create_orders(3, document_type="web")
        self._filter()
        old, *wanted = orders
        self._filter(("id", "!=", old.id))
        self._set_fetches_back()
        old._action_cancel()
        last = self._place()
        for _answer in ("lost", "taken"):
            first = self.as_client.orders()
        self.assertEqual([row["id"] for row in first["orders"]], [order.id for order in wanted])
        self.assertTrue(first["more"])
        for _answer in ("lost", "taken"):
            second = self.as_client.orders(first["cursor"])
            found = {row["id"]: row["state"] for row in second["orders"]}
            self.assertEqual((found[old.id], found[last.id]), ("cancelled", "confirmed"))
            self.assertFalse(second["more"])
        self.assertEqual(self._read_all(second["cursor"])[0], [])

    def test_first_page_may_hold_no_order(self):
        old = self._place()
        self._filter()
        self._filter(("id", "!=", old.id))
        self._set_fetches_back()
        old._action_cancel()
        for _answer in ("lost", "taken"):
            page = self.as_client.orders()
        self.assertEqual((page["orders"], page["more"]), ([], True))
        found, cursor = self._read_all(page["cursor"])
        self.assertEqual([row["state"] for row in found], ["cancelled"])
        self.assertEqual(self._read_all(cursor)[0], [])

    def test_order_of_another_company_is_not_told(self):
        order = self._place()
        self._news()
        company = self.env["res.company"].create({"name": "Branch"})
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order SET company_id = %s WHERE id = %s", [company.id, order.id]
        )
        self.env.invalidate_all()
        self.assertEqual(self._news(), [])

    # === WHAT LETS AN ORDER IN === #

    def _count_notes(self, order):
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT count(*), max(id) FROM sale_order_erp_touch WHERE order_id = %s", [order.id]
        )
        return self.env.cr.fetchone()

    def test_order_that_a_status_or_a_flag_lets_in_later(self):
        status, flag = self.in_progress, self.flag_in_progress
        for condition, let_in in (
            (("order_status_id", "=", status.id), lambda o: o.set_order_status(status.id)),
            (("order_flag_id.name", "=", flag.name), lambda o: o.set_order_flag(flag.id)),
            (
                ("order_status_id", "any", [("id", "=", status.id)]),
                lambda o: o.set_order_status(status.id),
            ),
        ):
            order = self._place()
            self._filter(condition)
            self.assertEqual(self._news(), [])
            let_in(order)
            found = self._news()
            self.assertEqual([row["id"] for row in found], order.ids, condition)
            self.assertEqual(self._news(), [])

    def test_order_that_is_let_in_by_what_is_no_column_of_it(self):
        tag = self.env["crm.tag"].create({"name": "For the ERP"})
        order = self._place()
        self._filter(("tag_ids", "in", tag.ids))
        self.assertEqual(self._news(), [])
        self.env.flush_all()
        # As long ago as in another transaction.
        self.env.cr.execute(
            "UPDATE sale_order SET write_date = '2026-01-01' WHERE id = %s", [order.id]
        )
        self.env.invalidate_all()
        self._news()
        order.tag_ids = tag
        self.assertEqual([row["id"] for row in self._news()], order.ids)

    def test_feed_that_was_archived_meanwhile(self):
        order = self._place()
        self._filter(("order_flag_id", "=", self.flag_in_progress.id))
        self.feed.active = False
        order.set_order_flag(self.flag_in_progress.id)
        self.feed.active = True
        self.assertEqual([row["id"] for row in self._news()], order.ids)

    def test_status_and_flag_are_not_noted_where_no_filter_names_them(self):
        feeds = self.env["order.flag.feed"].search([])
        feeds.export_domain = "[('document_type', '!=', 'sale'), ('partner_id.name', '!=', 'X')]"
        self.assertEqual(feeds.mapped("watches_orders"), [False] * len(feeds))
        order = self._place()
        before = self._count_notes(order)
        order.set_order_flag(self.flag_in_progress.id)
        self.assertEqual(self._count_notes(order), before)
        self.feed.export_domain = "[('invoice_status', '=', 'invoiced')]"
        self.assertTrue(self.feed.watches_orders)
        order.set_order_flag(self.flag_rejected.id)
        self.assertGreater(self._count_notes(order)[1], before[1])
