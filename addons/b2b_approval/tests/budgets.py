from .common import ApprovalCommon


class BudgetCommon(ApprovalCommon):
    """Orders on a cost centre; the cart comes to 198.85."""

    def setUp(self):
        super().setUp()
        self.form = {"cost_center_id": str(self.center.id)}
        cart = self._get_cart()
        cart._refresh_b2b_lines()
        self.amount = cart.amount_untaxed

    def _use(self, budget):
        self.env.flush_all()
        self.env.invalidate_all()
        return budget.reserved, budget.spent, budget.left
