from odoo.tests import tagged

from ..models.sale_order.hold import HOLD_FIELDS
from .test_offers import OfferCommon


@tagged("post_install", "-at_install")
class TestGivenUp(OfferCommon):
    """Quotations that were accepted, and are no longer: their hold or release is over."""

    def _expect_nothing_accepted(self):
        self.assertFalse([name for name in HOLD_FIELDS if self.offer[name]])
        self.assertNotIn(self.offer, self._get_accepted())
        if "b2b_budget_date" in self.offer:
            self.assertFalse(self.offer.b2b_budget_date or self.offer.b2b_budget_rate)

    def _accept_on_a_cost_center(self):
        self._set_limit(1, "approval")
        if "b2b.cost.center" in self.env:
            center = {"partner_id": self.customer.id, "code": "100", "name": "Workshop"}
            self.offer.cost_center_id = self.env["b2b.cost.center"].create(center)
        self._accept(self.buyer_user)
        self.assertTrue(self.offer.b2b_credit_hold)
        self.assertTrue(self.offer.b2b_budget_date if "b2b_budget_date" in self.offer else True)
        return self.offer.with_user(self.seller_user)

    def test_quotation_that_is_a_draft_again_was_accepted_by_nobody(self):
        for is_released in (False, True):
            with self.subTest(is_released=is_released), self.cr.savepoint() as savepoint:
                order = self._accept_on_a_cost_center()
                if is_released:
                    order.action_release_credit_hold("paid by phone")
                order._action_cancel()
                order.action_draft()
                order.action_quotation_sent()
                self._expect_nothing_accepted()
                self.assertTrue(self.offer._can_be_edited_on_portal())
                self._accept(self.buyer_user)
                self.assertTrue(self.offer.b2b_credit_hold, "looked at anew")
                self.assertIn(self.offer, self._get_accepted())
                savepoint.rollback()
                self.env.invalidate_all()

    def test_next_customer_has_accepted_nothing(self):
        for is_released in (False, True):
            with self.subTest(is_released=is_released), self.cr.savepoint() as savepoint:
                order = self._accept_on_a_cost_center()
                if is_released:
                    order.action_release_credit_hold("paid by phone")
                order.partner_id = self.buyer2_user.partner_id.id
                self.assertIn(self.offer, self._get_accepted(), "a colleague took it over")
                moved = {"partner_id": self.rival_user.partner_id.id}
                if "cost_center_id" in order:
                    moved["cost_center_id"] = False
                order.write(moved)
                self._expect_nothing_accepted()
                savepoint.rollback()
                self.env.invalidate_all()
