from datetime import date, datetime, timedelta

from odoo.tests import freeze_time, tagged

from .orders import B2bOrderCommon

NOON = datetime(2030, 6, 3, 12)


@tagged("post_install", "-at_install")
@freeze_time(NOON)
class TestPromiseStart(B2bOrderCommon):
    """Who buys on account has done his part at the checkout; who pays first has not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.terms = cls.env["account.payment.term"].create({"name": "Terms"})
        cls.part = cls.terms.line_ids

    def _place_on(self, terms):
        self.agreement.payment_term_id = terms
        cart = self._create_draft("cart", [(self.product, 2)], self.buyer2_user)
        cart.order_line.customer_lead = 3
        order = self._place(cart)
        self.env.flush_all()
        self.assertEqual((order.state, order.promised_date), ("sent", date(2030, 6, 6)))
        return order

    def _states(self, order):
        """Return the state at the checkout, when the day has passed, and the day promised then."""
        states = [order.promise_state]
        with freeze_time(NOON + timedelta(days=10)):
            self.env["sale.order"]._pass_promises()
            states.append(order.promise_state)
            self.assertEqual(
                order._get_customer_promise()["is_late"], order.promise_state == "late"
            )
            order.action_confirm()
            self.env.flush_all()
        return [*states, order.promised_date]

    def test_on_account_is_late_before_it_is_confirmed(self):
        self.part.nb_days = 30
        states = self._states(self._place_on(self.terms))
        self.assertEqual(states, ["on_time", "late", date(2030, 6, 6)])

    def test_paid_first_waits_for_the_money(self):
        for terms in (self.terms, self.terms.browse()):
            states = self._states(self._place_on(terms))
            self.assertEqual(states, ["none", "none", date(2030, 6, 16)])

    def test_other_terms_count_at_once(self):
        order = self._place_on(self.terms)
        self.assertEqual(order.promise_state, "none")
        order.payment_term_id = self.env.ref("account.account_payment_term_30days")
        self.assertEqual(order.promise_state, "on_time")
