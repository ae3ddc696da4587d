from odoo.fields import Command

from .common import WithdrawalCommon


class CreditNoteCommon(WithdrawalCommon):
    """Orders of services, invoiced, and what a withdrawal has credited of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product.type = "service"
        cls.product.taxes_id = [Command.clear()]
        cls.second, cls.charge = cls.env["product.product"].create(
            [
                {"name": name, "type": "service", "list_price": price, "invoice_policy": "order"}
                for name, price in (("Red paint", 30.0), ("Delivery", 7.0))
            ]
        )

    def _create_untaxed_order(self, lines):
        """Return a confirmed order.

        :param list lines: product, quantity and price of each
        """
        return self._create_web_order(
            order_line=[
                Command.create(
                    {
                        "product_id": product.id,
                        "product_uom_qty": quantity,
                        "price_unit": price,
                        "tax_ids": [Command.clear()],
                    }
                )
                for product, quantity, price in lines
            ]
        )

    def _create_invoiced_order(self, discount=0, charge=False):
        """Return an order of 5 x 10 and 2 x 30, invoiced and posted."""
        lines = [(self.product, 5, 10), (self.second, 2, 30)]
        if charge:
            lines.append((self.charge, 1, 7))
        if discount:
            lines.append((self.product, 1, -discount))
        order = self._create_untaxed_order(lines)
        if charge:
            self._mark_delivery(order.order_line[2])
        order._create_invoices(final=True).action_post()
        return order

    def _create_tax(self, rate):
        return self.env["account.tax"].create({"name": f"{rate} %", "amount": rate})

    def _apply_discount(self, order):
        """Take 10 % off the whole order, as Odoo's wizard does."""
        self.env["sale.order.discount"].create(
            {
                "sale_order_id": order.id,
                "discount_type": "so_discount",
                "discount_percentage": 0.1,
            }
        ).action_apply_discount()

    def _credit(self, statement):
        action = statement.with_user(self.seller).action_create_credit_note()
        domain = [("id", "=", action["res_id"])] if action.get("res_id") else action["domain"]
        return self.env["account.move"].search(domain)
