from odoo.fields import Command
from odoo.tests import tagged

from .common import OrderStatusCommon


@tagged("post_install", "-at_install")
class TestBranches(OrderStatusCommon):
    """Statuses and flags of a company are used in its branches, as Odoo's own records are."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.branch, cls.other = cls.env["res.company"].create(
            [{"name": "Branch", "parent_id": cls.company.id}, {"name": "Other"}]
        )
        cls.env.user.company_ids = [Command.link(cls.branch.id), Command.link(cls.other.id)]
        cls.status = cls._create_status("Of the parent", company_id=cls.company.id)
        cls.flag = cls._create_flag(
            "Of the parent", company_id=cls.company.id, status_id=cls.status.id
        )
        cls.clerk = cls.seller.copy(
            {
                "login": "branch_clerk",
                "company_id": cls.branch.id,
                "company_ids": [Command.set(cls.branch.ids)],
            }
        )
        cls.order = cls._create_order(company_id=cls.branch.id, user_id=cls.clerk.id)

    def test_set_on_orders_of_the_branch(self):
        order = self.order.with_user(self.clerk)
        self.assertIn(self.status, order.allowed_status_ids)
        self.assertIn(self.flag, order.allowed_flag_ids)
        order.set_order_flag(self.flag.id)
        self.assertEqual(order.order_status_id, self.status)
        wizard = self.env["sale.order.status.wizard"].with_user(self.clerk)
        wizard = wizard.create({"order_ids": [Command.set(order.ids)]})
        self.assertIn(self.status, wizard.available_status_ids)
        self.assertIn(self.flag, wizard.available_flag_ids)
        public = self.env["sale.order"].with_user(self.clerk)._get_public_statuses()
        self.assertIn(self.status.id, public)

    def test_not_the_other_way_round(self):
        mine = self._create_status("Of the branch", company_id=self.branch.id)
        order = self._create_order()
        self.assertFalse(mine._fits(order))
        self.assertFalse(self.status._fits(self._create_order(company_id=self.other.id)))
        self.assertNotIn(mine, order.allowed_status_ids)

    def test_flag_of_the_branch_sets_a_status_of_the_company(self):
        flag = self._create_flag(company_id=self.branch.id, status_id=self.status.id)
        self.order.set_order_flag(flag.id)
        self.assertEqual(self.order.order_status_id, self.status)

    def test_events(self):
        event = self.env["sale.order.status.event"].create({"name": "Test", "code": "test_branch"})
        common = self._create_status("Common", event_ids=event.ids, document_type="sale")
        get = self.env["sale.order.status"]._get_for_event
        self.assertEqual(get("test_branch", "sale", self.branch), common)
        self.status.event_ids = event
        self.assertEqual(get("test_branch", "sale", self.branch), self.status)
        self.assertEqual(get("test_branch", "sale", self.other), common)
        own = self._create_status("Own", event_ids=event.ids, company_id=self.branch.id)
        self.assertEqual(get("test_branch", "sale", self.branch), own)
        self.assertEqual(get("test_branch", "sale", self.company), self.status)
