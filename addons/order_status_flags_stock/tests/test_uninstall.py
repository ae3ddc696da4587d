from odoo.tests import tagged

from ..hooks import uninstall_hook
from .common import StockStatusCommon

STATUS = "order_status_flags_stock.status_shipped"


@tagged("post_install", "-at_install")
class TestUninstall(StockStatusCommon):
    def test_used_status_is_archived_and_stays(self):
        order = self._create_order()
        self._ship(order.picking_ids)
        self.assertEqual(order.order_status_id, self.shipped)
        uninstall_hook(self.env)
        self.assertFalse(self.shipped.active)
        self.assertEqual(order.customer_status_id, self.shipped)
        # Odoo deletes what has an external id of the addon.
        self.assertFalse(self.env.ref(STATUS, raise_if_not_found=False))

    def test_unused_status_is_left_to_odoo(self):
        # Whatever the database holds already: nobody uses this one.
        unused = self.shipped.copy()
        self.env["ir.model.data"].search(
            [("module", "=", "order_status_flags_stock"), ("name", "=", "status_shipped")]
        ).res_id = unused.id
        self.env.flush_all()
        self.env.registry.clear_cache()
        uninstall_hook(self.env)
        self.assertTrue(unused.active)
        self.assertEqual(self.env.ref(STATUS), unused)
