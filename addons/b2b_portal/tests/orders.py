from odoo.fields import Command

from odoo.addons.b2b_pricelist.tests.common import B2bCommon


class B2bOrderCommon(B2bCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agreement = cls._create_signed_agreement()
        cls._create_rule(applied_on="3_global", percent_price=10.0)
        cls._create_rule(applied_on="3_global", percent_price=20.0, min_quantity=10)
        cls.cart = cls._create_draft("cart", [(cls.product, 2)])
        cls.template = cls._create_draft(
            "template", [(cls.product, 3), (cls.product_b, 0)], b2b_template_name="Weekly"
        )

    @classmethod
    def _create_draft(cls, qualifier, lines=(), user=None, **values):
        """Create a cart or template as a salesperson does."""
        user = user or cls.buyer_user
        return cls.env["sale.order"].create(
            {
                "partner_id": user.partner_id.id,
                "b2b_qualifier": qualifier,
                "order_line": [
                    Command.create({"product_id": product.id, "product_uom_qty": quantity})
                    for product, quantity in lines
                ],
                **values,
            }
        )

    def _as_buyer(self, user=None):
        return self.env["sale.order"].with_user(user or self.buyer_user)

    def _get_cart(self, user=None, create=False):
        return self._as_buyer(user)._get_b2b_cart(self.agreement, create=create)

    def _place(self, cart=None, **form):
        cart = cart or self._get_cart()
        values, problems = cart._prepare_b2b_checkout_values(self.agreement, form)
        self.assertFalse(problems)
        cart._refresh_b2b_lines()
        cart._place_b2b_order(values)
        return cart

    def _invoice_down_payment(self, order, amount):
        """Return the posted invoice of a down payment on a confirmed order."""
        wizard = self.env["sale.advance.payment.inv"].create(
            {
                "sale_order_ids": [Command.set(order.ids)],
                "advance_payment_method": "fixed",
                "fixed_amount": amount,
            }
        )
        wizard.create_invoices()
        order.invoice_ids.action_post()
        return order.invoice_ids
