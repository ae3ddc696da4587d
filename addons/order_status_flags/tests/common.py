from lxml import etree

from odoo.fields import Command
from odoo.tests import TransactionCase
from odoo.tools.safe_eval import safe_eval

from odoo.addons.mail_delivery_retry.tests.common import QueryCount, create_users


class OrderStatusCommon(QueryCount, TransactionCase):
    """Orders, customers and users for tests of the order status.

    A plain ``TransactionCase``: Odoo's sale test classes switch off tracking and mails,
    which are what is tested here.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.customer = cls.env["res.partner"].create(
            {"name": "Wholesale Buyer", "email": "buyer@example.com", "lang": "en_US"}
        )
        cls.product = cls.env["product.product"].create(
            {"name": "Blue paint", "type": "consu", "list_price": 10.0, "invoice_policy": "order"}
        )
        seller, manager = (
            "sales_team.group_sale_salesman_all_leads",
            "order_status_flags.group_status_manager",
        )
        cls.seller, cls.manager = create_users(
            cls.env,
            {"test_seller": (seller, {}), "test_manager": (f"{seller},{manager}", {})},
        )
        cls.saved = cls.env.ref("order_status_flags.status_saved")
        cls.in_progress = cls.env.ref("order_status_flags.status_in_progress")
        cls.fulfilled = cls.env.ref("order_status_flags.status_fulfilled")
        cls.rejected = cls.env.ref("order_status_flags.status_rejected")
        cls.flag_in_progress = cls.env.ref("order_status_flags.flag_in_progress")
        cls.flag_rejected = cls.env.ref("order_status_flags.flag_rejected")

    @classmethod
    def _create_orders(cls, count=1, confirm=True, **values):
        values.setdefault("partner_id", cls.customer.id)
        values.setdefault("user_id", cls.seller.id)
        values.setdefault(
            "order_line",
            [Command.create({"product_id": cls.product.id, "product_uom_qty": 5.0})],
        )
        # Nobody is told about being the salesperson: mails here are mails to customers.
        quiet = cls.env["sale.order"].with_context(mail_auto_subscribe_no_notify=True)
        orders = quiet.create([dict(values) for _i in range(count)]).with_env(cls.env)
        if confirm:
            orders.action_confirm()
        return orders

    @classmethod
    def _create_order(cls, **values):
        return cls._create_orders(**values)

    @classmethod
    def _create_status(cls, name="Packed", **values):
        return cls.env["sale.order.status"].create(
            {"name": name, "category": "in_progress", "sequence": 25, **values}
        )

    @classmethod
    def _create_flag(cls, name="Packed", **values):
        return cls.env["sale.order.flag"].create({"name": name, **values})

    def _rows(self, order):
        """The history of the order, oldest first."""
        return self.env["sale.order.status.history"].search(
            [("order_id", "=", order.id)], order="id"
        )

    def _send_status_mails(self):
        """Run the status mail action and then Odoo's mail queue, as the server would."""
        with self.enter_registry_test_mode():
            self.env.ref("order_status_flags.ir_cron_status_mail").method_direct_trigger()
        self.env.invalidate_all()

    def _attention_colors(self, view):
        """Return the color that a view of orders gives to each reason of *Needs attention*.

        :param str view: XML id
        :return: ``{reason: color}``, without those that have none
        """
        Order = self.env["sale.order"]
        arch = etree.fromstring(Order.get_view(self.env.ref(view).id)["arch"])
        (field,) = arch.findall(".//field[@name='status_attention']")
        self.assertEqual(field.get("widget"), "badge")
        prefix = "decoration-"
        # As the badge does: the first that fits.
        return {
            reason: name.removeprefix(prefix)
            for reason in Order._fields["status_attention"].get_values(self.env)
            for name, when in reversed(field.items())
            if name.startswith(prefix) and safe_eval(when, {"status_attention": reason})
        }

    def assertChain(self, order):
        """Each row begins with the status that the row before ended with."""
        previous = self.env["sale.order.status"]
        for row in self._rows(order):
            self.assertEqual(row.previous_status_id, previous)
            previous = row.status_id
        self.assertEqual(order.order_status_id, previous)
