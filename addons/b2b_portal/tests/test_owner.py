from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .test_customer import CustomerCommon


@tagged("post_install", "-at_install")
class TestOwner(CustomerCommon):
    """Nobody gives by hand to one customer what was made for another one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rival_contact = cls.rival_user.partner_id
        cls.buyer2 = cls.buyer2_user.partner_id

    def _as_seller(self, order):
        return order.with_user(self.seller_user)

    def test_customer_of_an_order_is_not_written(self):
        for order in self.orders:
            with self.assertRaisesRegex(UserError, "follows from its contact"):
                self._as_seller(order).b2b_customer_id = self.rival.id
        self.assertFalse(self._sees(self.rival_user))
        with self.assertRaisesRegex(UserError, "follows from its contact"):
            self._as_seller(self.quotation).write(
                {"partner_id": self.buyer2.id, "b2b_customer_id": self.rival.id}
            )

    def test_same_customer_once_more_is_no_change(self):
        for order in self._as_seller(self.orders):
            order.write({"partner_id": self.contact.id, "b2b_customer_id": self.customer.id})
        quotation = self._as_seller(self.quotation)
        quotation.write({"partner_id": self.rival.id, "b2b_customer_id": self.rival.id})
        self.assertEqual(quotation.b2b_customer_id, self.rival)

    def test_contact_who_has_moved_takes_no_order_along_by_hand(self):
        self._move(self.rival)
        for order in self.orders:
            with self.assertRaises(UserError):
                self._as_seller(order).b2b_customer_id = self.rival.id
        self.assertFalse(self._sees(self.buyer_user))

    def test_strangers_are_told_no_reason(self):
        for user in (self.buyer_user, self.rival_user, self.env.ref("base.public_user")):
            for values in ({"b2b_customer_id": self.rival.id}, {"partner_id": self.rival.id}):
                with self.assertRaises(AccessError):
                    self.cart.with_user(user).write(values)

    def test_new_order_is_for_the_customer_of_its_contact(self):
        Order = self.env["sale.order"].with_user(self.seller_user)
        drafts = ({}, {"b2b_qualifier": "template", "b2b_template_name": "Other"})
        for values in drafts:
            order = Order.create(
                {"partner_id": self.buyer2.id, "b2b_customer_id": self.rival.id, **values}
            )
            self.assertEqual(order.b2b_customer_id, self.customer)

    def test_default_of_the_context_does_not_decide(self):
        context = {"default_b2b_customer_id": self.rival.id}
        Order = self.env["sale.order"].with_user(self.seller_user).with_context(**context)
        order = Order.create({"partner_id": self.buyer2.id})
        self.assertEqual(order.b2b_customer_id, self.customer)
        cart = self._as_buyer(self.buyer2_user).with_context(**context)
        cart = cart._get_b2b_cart(self.agreement, create=True)
        self.assertEqual(cart.b2b_customer_id, self.customer)

    def test_cart_and_templates_stay_with_their_customer(self):
        """Their lines hold what the customer paid the last time."""
        for order in self.cart | self.template | self.private:
            with self.assertRaisesRegex(UserError, "stays with its customer"):
                self._as_seller(order).partner_id = self.rival_contact.id
        self.assertFalse(self._sees(self.rival_user))

    def test_colleague_takes_over_a_cart_and_a_template(self):
        for order in self.cart | self.private:
            self._as_seller(order).partner_id = self.buyer2.id
        self.assertTrue(self.private.with_user(self.buyer2_user).has_access("read"))
        self.assertFalse(self.private.with_user(self.buyer_user).has_access("read"))

    def test_quotation_becomes_another_customers(self):
        quotation = self._create_order([(self.product, 1)], partner_id=self.contact.id)
        with Form(self._as_seller(quotation)) as form:
            form.partner_id = self.rival
        self.assertEqual(quotation.b2b_customer_id, self.rival)

    def test_copy_of_a_template_for_another_customer_tells_no_price(self):
        line = self.template.order_line[:1]
        self.template._remember_b2b_prices(self.template._get_b2b_prices_today(line))
        self.assertTrue(line.b2b_last_price)
        copied = self._as_seller(self.template).copy({"partner_id": self.rival_contact.id})
        self.assertEqual(copied.b2b_customer_id, self.rival)
        self.assertFalse(any(copied.order_line.mapped("b2b_last_price")))
