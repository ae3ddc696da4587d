from odoo.fields import Command

from odoo.addons.b2b_account.tests.common import AccountCommon


class ApprovalCommon(AccountCommon):
    """Buyer Ltd with a buyer (2 bolts in the cart), two approvers, and an administrator."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.anna_user = cls._create_portal_user("b2b_anna", parent_id=cls.customer.id)
        cls.bob_user = cls._create_portal_user("b2b_bob", parent_id=cls.customer.id)
        cls.anna = cls._create_member(cls.anna_user, may_approve=True)
        cls.bob = cls._create_member(cls.bob_user, may_approve=True)
        cls.center = cls.env["b2b.cost.center"].create(
            {"partner_id": cls.customer.id, "code": "100", "name": "Workshop"}
        )

    @classmethod
    def _create_approval_rule(cls, *steps, **values):
        """Create a rule.

        :param steps: tuples (sequence, members)
        """
        return cls.env["b2b.approval.rule"].create(
            {
                "partner_id": cls.customer.id,
                "name": "Rule",
                "step_ids": [
                    Command.create({"sequence": number, "member_ids": [(6, 0, members.ids)]})
                    for number, members in steps
                ],
                **values,
            }
        )

    @classmethod
    def _create_budget(cls, amount, **values):
        return cls.env["b2b.budget"].create(
            {
                "cost_center_id": cls.center.id,
                "date_start": "2000-01-01",
                "date_end": "2100-12-31",
                "amount": amount,
                **values,
            }
        )

    def _request(self, cart=None, **form):
        """Check out a cart; return its request, empty when it was placed."""
        order = self._place(cart, **form)
        self.env.flush_all()
        return order._get_b2b_approval().with_user(self.env.user)

    def _new_cart(self, quantity=2, product=None, user=None):
        """Return a new cart of a buyer with one article."""
        self._create_draft("cart", [(product or self.product, quantity)], user=user)
        return self._get_cart(user)

    def _decide_on_page(self, approval, decision, **form):
        """Decide as the user who is logged in; return what the page tells afterwards."""
        answer = self._post(f"/my/b2b/approvals/{approval.id}", {"decision": decision, **form})
        self.env.invalidate_all()
        return self._alerts(answer)

    def _as(self, approval, user):
        self.env.invalidate_all()
        return approval.with_user(user).with_context(lang="en_US")

    def _send_notices(self):
        """Run the outbox; return the e-mails it made, in order."""
        before = self.env["mail.mail"].search([])
        with self.enter_registry_test_mode():
            self.env.ref("b2b_approval.ir_cron_approval_notice").method_direct_trigger()
        made = (self.env["mail.mail"].search([]) - before).sorted("id")
        return made.filtered(lambda mail: mail.recipient_ids.commercial_partner_id == self.customer)
