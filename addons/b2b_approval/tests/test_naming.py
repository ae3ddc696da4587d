from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import ApprovalCommon


@tagged("post_install", "-at_install")
class TestNaming(ApprovalCommon):
    """Refusals name no colleague, cost centre or customer of another company."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.elsewhere = cls.env["res.company"].create({"name": "Elsewhere"})
        cls.far = cls.env["res.partner"].create({"name": "Far Ltd", "is_company": True})
        contact = cls.env["res.partner"].create({"name": "Far Anna", "parent_id": cls.far.id})
        cls.far_member = cls.env["b2b.member"].create({"partner_id": contact.id})
        cls.far_center = cls.env["b2b.cost.center"].create(
            {"partner_id": cls.far.id, "code": "F", "name": "Far secret"}
        )
        cls.rule = cls._create_approval_rule((10, cls.anna))

    def _assert_named(self, records, field, value):
        """Write a record of the other customer: it is named while the seller may read it."""
        for company, is_named in ((self.env["res.company"], True), (self.elsewhere, False)):
            (self.far | self.far.child_ids).company_id = company
            with self.assertRaises(UserError) as refused, self.cr.savepoint():
                records.with_user(self.seller_user).write({field: value})
                self.env.flush_all()
            self.env.invalidate_all()
            self.assertEqual("Far" in str(refused.exception), is_named, str(refused.exception))

    def test_deputy(self):
        self._assert_named(self.anna, "deputy_id", self.far_member.id)

    def test_cost_center_of_a_colleague(self):
        self._assert_named(self.anna, "cost_center_id", self.far_center.id)

    def test_cost_center_of_a_rule(self):
        self._assert_named(self.rule, "cost_center_id", self.far_center.id)

    def test_step_of_a_rule(self):
        self._assert_named(self.rule.step_ids, "member_ids", [(4, self.far_member.id)])

    def test_customer_of_a_rule(self):
        self.far_member.may_approve = True
        self._assert_named(self.rule, "partner_id", self.far.id)

    def test_budget(self):
        budget = self._create_budget(1000)
        self.far.company_id = self.elsewhere
        for user, is_named in ((self.env.user, True), (self.seller_user, False)):
            with self.assertRaises(UserError) as refused, self.cr.savepoint():
                budget.with_user(user).cost_center_id = self.far_center.id
                self.env.flush_all()
            self.env.invalidate_all()
            self.assertEqual("Far Ltd" in str(refused.exception), is_named)
