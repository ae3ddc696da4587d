from datetime import timedelta

from lxml import etree

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from .common import OrderStatusCommon


@tagged("post_install", "-at_install")
class TestKanban(OrderStatusCommon):
    def test_every_status_is_a_column_in_its_order(self):
        packed = self._create_status("Packed", sequence=25)
        archived = self._create_status("Old", sequence=5)
        archived.active = False
        order = self._create_order()
        order.set_order_status(self.fulfilled.id)
        groups = (
            self.env["sale.order"]
            .with_context(read_group_expand=True)
            .web_read_group([("id", "=", order.id)], ["order_status_id"], ["__count"])["groups"]
        )
        ids = [group["order_status_id"][0] for group in groups if group["order_status_id"]]
        expected = [
            s.id for s in (self.saved, self.in_progress, packed, self.fulfilled, self.rejected)
        ]
        self.assertEqual([status_id for status_id in ids if status_id in expected], expected)
        self.assertNotIn(archived.id, ids)
        counts = {g["order_status_id"][0]: g["__count"] for g in groups if g["order_status_id"]}
        self.assertEqual(counts[self.fulfilled.id], 1)
        self.assertEqual(counts[packed.id], 0)

    def test_finished_columns_are_folded(self):
        self.assertTrue(self.fulfilled.fold and self.rejected.fold)
        self.assertFalse(self.saved.fold or self.in_progress.fold)

    def test_drag_goes_through_the_writer(self):
        order = self._create_order().with_user(self.seller)
        order.web_save({"order_status_id": self.in_progress.id}, {"order_status_id": {}})
        row = self._rows(order)[-1]
        self.assertEqual((row.status_id, row.mail_state), (self.in_progress, "pending"))

    def test_drag_to_a_status_that_may_not_follow(self):
        self.saved.next_status_ids = self.in_progress
        order = self._create_order().with_user(self.seller)
        with self.assertRaisesRegex(UserError, "may not follow it. Allowed are: In progress"):
            order.web_save({"order_status_id": self.fulfilled.id}, {"order_status_id": {}})

    def test_drag_out_of_every_status(self):
        order = self._create_order().with_user(self.seller)
        with self.assertRaisesRegex(UserError, "cannot be emptied"):
            order.web_save({"order_status_id": False}, {"order_status_id": {}})


@tagged("post_install", "-at_install")
class TestTimeInStatus(OrderStatusCommon):
    def test_average_leaves_changes_of_the_flag_out(self):
        order, other = self._create_orders(2)
        for one, hours in ((order, 10), (other, 20)):
            one._write_status_fields(
                {"order_status_date": fields.Datetime.now() - timedelta(hours=hours)}
            )
            one.set_order_flag(self._create_flag().id)  # inside the status: no time of its own
            one.set_order_status(self.in_progress.id)
        action = self.env.ref("order_status_flags.sale_order_status_history_action")
        self.assertEqual(safe_eval(action.context), {"search_default_left": 1})
        view = self.env["sale.order.status.history"].get_view(view_type="search")
        left = etree.fromstring(view["arch"]).find(".//filter[@name='left']").get("domain")
        domain = [*safe_eval(left), ("order_id", "in", (order | other).ids)]
        groups = self.env["sale.order.status.history"].formatted_read_group(
            domain, ["previous_status_id", "date:month"], ["duration:avg"]
        )
        self.assertEqual([group["previous_status_id"][0] for group in groups], [self.saved.id])
        self.assertAlmostEqual(groups[0]["duration:avg"], 15, places=1)

    def test_average_leaves_out_what_was_undone(self):
        """Ten hours, a mistake, undone, ten more: twenty hours, and no ten beside them."""
        order = self._create_order().with_user(self.seller)
        for hours, status in ((10, self.fulfilled), (20, self.in_progress)):
            since = fields.Datetime.now() - timedelta(hours=hours)
            order.sudo()._write_status_fields({"order_status_date": since})
            order.set_order_status(status.id)
            if status == self.fulfilled:
                order.action_undo_status()
        view = self.env["sale.order.status.history"].get_view(view_type="search")
        left = etree.fromstring(view["arch"]).find(".//filter[@name='left']").get("domain")
        domain = [*safe_eval(left), ("order_id", "=", order.id)]
        (row,) = self.env["sale.order.status.history"].search(domain)
        self.assertEqual((row.previous_status_id, row.status_id), (self.saved, self.in_progress))
        self.assertAlmostEqual(row.duration, 20, places=1)
