from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import ApprovalCommon


@tagged("post_install", "-at_install")
class TestCustomers(ApprovalCommon):
    """What is of one customer never becomes another one's."""

    def setUp(self):
        super().setUp()
        self.rule = self._create_approval_rule((10, self.anna))

    def test_request_stays_with_its_buyer(self):
        order = self._request().order_id.sudo(False).with_user(self.seller_user)
        for partner in (self.buyer2_user.partner_id, self.rival_user.partner_id):
            with self.assertRaisesRegex(UserError, "request for approval"):
                order.partner_id = partner.id
        order.partner_id = self.buyer_user.partner_id.id
        order.b2b_note = "Called back"
        self.assertEqual(order.b2b_customer_id, self.customer)

    def test_request_is_seen_by_nobody_once_the_order_is_anothers(self):
        approval = self._request()
        self._as(approval, self.anna_user).approve(comment="Mind the budget")
        order = approval.order_id.sudo(False).with_user(self.seller_user)
        order.partner_id = self.buyer2_user.partner_id.id
        self.env.flush_all()

        def sees(user):
            requests = self.env["b2b.approval"].sudo()
            return approval.sudo() in requests.search(
                requests._get_visible_domain(user.partner_id.sudo())
            )

        self.assertTrue(sees(self.admin_user) and sees(self.anna_user), "a colleague took it over")
        order.partner_id = self.rival_user.partner_id.id
        self.env.flush_all()
        self.rival_admin.is_administrator = True
        self.assertEqual(approval.customer_id, self.customer)
        for user in (self.rival_user, self.admin_user, self.anna_user, self.buyer_user):
            self.assertFalse(sees(user), user.login)

    def test_who_requested_is_nobodys_to_write(self):
        approval = self._as(self._request(), self.seller_user)
        partner = self.rival_user.partner_id
        for records, values in (
            (approval, {"requested_by_id": partner.id}),
            (approval, {"customer_id": self.rival.id}),
            (approval.task_ids, {"member_ids": [Command.set(self.rival_admin.ids)]}),
        ):
            with self.assertRaises(AccessError):
                records.write(values)

    def test_quotation_for_another_customer_leaves_the_cost_center(self):
        """Its budget would pay for the other one."""
        quotation = self._create_order([(self.product, 1)], cost_center_id=self.center.id)
        quotation = quotation.with_user(self.seller_user)
        with self.assertRaisesRegex(UserError, "no cost centre"), self.cr.savepoint():
            quotation.partner_id = self.rival.id
            self.env.flush_all()
        self.env.invalidate_all()
        quotation.partner_id = self.buyer_user.partner_id.id
        self.assertEqual(quotation.cost_center_id, self.center)
        with Form(quotation) as form:
            form.partner_id = self.rival
        self.assertFalse(quotation.cost_center_id)

    def test_cost_center_in_use_stays_with_its_customer(self):
        center = self.center.with_user(self.seller_user)
        other = self.env["b2b.cost.center"].create(
            {"partner_id": self.customer.id, "code": "200", "name": "Office"}
        )
        self.rule.active = False
        order = self._place(cost_center_id=str(self.center.id)).sudo()
        for free in (
            lambda: order._action_cancel() and order.write({"cost_center_id": False}),
            lambda: self.anna.write({"cost_center_id": False}),
            lambda: self.rule.write({"cost_center_id": False}),
        ):
            self.anna.cost_center_id = self.rule.cost_center_id = self.center
            with self.assertRaisesRegex(UserError, "100 Workshop is used"):
                center.write({"partner_id": self.rival.id, "name": "Taken"})
            free()
        center.partner_id = self.customer.id
        other.with_user(self.seller_user).partner_id = self.rival.id
        self.assertEqual(other.partner_id, self.rival)

    def test_stranger_moves_no_cost_center(self):
        with self.assertRaises(AccessError):
            self.center.with_user(self.rival_user).partner_id = self.rival.id
