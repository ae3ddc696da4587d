from odoo.tests import tagged

from odoo.addons.base.models.ir_model import MODULE_UNINSTALL_FLAG

from ..hooks import uninstall_hook
from .common import OrderStatusCommon


@tagged("post_install", "-at_install")
class TestUninstall(OrderStatusCommon):
    def test_orders_let_go_of_the_codebooks(self):
        order = self._create_order()
        order.set_order_flag(self.flag_in_progress.id)
        self.env.flush_all()
        uninstall_hook(self.env)
        self.assertFalse(order.order_status_id | order.customer_status_id)
        self.assertFalse(order.order_flag_id)
        self.assertFalse(self._rows(order))
        self.assertEqual(order.state, "sale")
        # As Odoo does when it uninstalls; nothing refers to them any more.
        self.flag_in_progress.unlink()
        self.assertTrue(self.in_progress.unlink())

    def test_done_activities_let_go_of_their_types(self):
        order = self._create_order()
        activity_type = self.env.ref("order_status_flags.mail_activity_type_cancelled")
        activity = order.activity_schedule(activity_type_id=activity_type.id)
        activity.active = False
        self.env.flush_all()
        uninstall_hook(self.env)
        self.assertEqual(activity.activity_type_id, self.env.ref("mail.mail_activity_data_todo"))
        # As Odoo deletes what an addon has brought.
        self.assertTrue(activity_type.with_context(**{MODULE_UNINSTALL_FLAG: True}).unlink())
