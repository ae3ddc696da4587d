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
