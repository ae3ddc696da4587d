from odoo.exceptions import ValidationError
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

    def test_change_of_what_orders_of_the_branch_have(self):
        common, common_flag = self._create_status("Common"), self._create_flag("Common")
        for status, flag in ((self.status, self.flag), (common, common_flag)):
            self.order.set_order_flag(flag.id)
            self.order.set_order_status(status.id)
            for record in (flag, status):
                record.document_type = "sale"
                record.company_id = self.company
                self.env.flush_all()
        for record in (common, common_flag):
            with self.assertRaises(ValidationError), self.cr.savepoint():
                record.company_id = self.other

    def test_followers(self):
        own = self._create_status("Own", company_id=self.branch.id)
        own.next_status_ids = self.status
        self.assertEqual(own._get_followers(), self.status)
        for company in (self.branch, self.other):
            foreign = self._create_status("Foreign", company_id=company.id)
            with self.assertRaises(ValidationError), self.cr.savepoint():
                self.status.next_status_ids = foreign

    def test_check_of_the_codebook_knows_the_way(self):
        own = self._create_status("Own", company_id=self.branch.id)
        self.assertTrue(own._meets(self.status) and self.status._meets(own))
        elsewhere = self._create_status("Elsewhere", company_id=self.other.id)
        self.assertFalse(elsewhere._meets(self.status) or self.status._meets(elsewhere))

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
