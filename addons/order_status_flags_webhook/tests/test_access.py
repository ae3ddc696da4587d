from odoo.exceptions import AccessError
from odoo.service.model import call_kw
from odoo.tests import Form, new_test_user, tagged
from odoo.tools.safe_eval import safe_eval

from .common import WebhookCommon

METHODS = {
    "order.status.webhook": (
        *("action_new_secret", "action_show_new_secret", "action_forget_previous_secret"),
        *("action_test", "action_view_deliveries"),
    ),
    "order.status.webhook.delivery": ("action_resend",),
}
SYSTEM = "base.group_system,sales_team.group_sale_salesman_all_leads"


@tagged("post_install", "-at_install")
class TestAccess(WebhookCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = new_test_user(cls.env, "test_system", groups=SYSTEM)
        cls.others = {
            "seller": cls.seller,
            "manager": cls.manager,
            "sales_admin": new_test_user(
                cls.env, "test_sales_admin", groups="sales_team.group_sale_manager"
            ),
            "portal": new_test_user(cls.env, "test_portal", groups="base.group_portal"),
            "public": cls.env.ref("base.public_user"),
        }

    def setUp(self):
        super().setUp()
        self.endpoint = self._start()
        self.webhook = self._create_webhook(self.endpoint.url)
        self.order = self._create_order()
        self.delivery = self._deliveries(self.webhook)

    def _call(self, user, record, method):
        env = self.env(user=user)
        return call_kw(env[record._name], method, [record.ids], {})

    def test_only_administrators_set_up_webhooks(self):
        for role, user in self.others.items():
            for record in (self.webhook, self.delivery):
                for operation in ("read", "write", "create", "unlink"):
                    with self.subTest(role=role, model=record._name, operation=operation):
                        self.assertFalse(record.with_user(user).has_access(operation))
        for operation in ("read", "write", "create", "unlink"):
            self.assertTrue(self.webhook.with_user(self.admin).has_access(operation))
            is_allowed = self.delivery.with_user(self.admin).has_access(operation)
            self.assertEqual(is_allowed, operation == "read")

    def test_archived_statuses_are_shown_where_they_are_set_and_not_offered(self):
        old = self._create_status("Old")
        webhook = self._create_webhook(status_ids=(old | self.fulfilled).ids)
        old.active = False
        form = Form(webhook)
        form.name = "Renamed"
        self.assertEqual(form.save().status_ids, old | self.fulfilled)
        field = form._view["tree"].xpath("//field[@name='status_ids']")[0]
        offered = self.env["sale.order.status"].with_context(active_test=False)
        names = dict(offered.name_search("", safe_eval(field.get("domain"))))
        self.assertNotIn(old.id, names)
        self.assertIn(self.saved.id, names)

    def test_methods_are_for_administrators(self):
        for model, methods in METHODS.items():
            record = self.webhook if model == self.webhook._name else self.delivery
            for method in methods:
                for role, user in self.others.items():
                    with self.subTest(role=role, method=method), self.assertRaises(AccessError):
                        self._call(user, record, method)
                with self.subTest(role="admin", method=method):
                    self.assertTrue(self._call(self.admin, record, method))

    def test_others_change_orders_all_the_same(self):
        self.order.with_user(self.seller).set_order_status(self.in_progress.id)
        self.assertEqual(len(self._deliveries(self.webhook)), 2)
        self.order._customer_cancel("", self.customer)
        self.assertEqual(
            len(self._deliveries(self.webhook)),
            2 + 1 * bool(self.order.order_status_id == self.rejected),
        )

    def test_administrator_of_another_company_sees_nothing(self):
        company = self.env["res.company"].create({"name": "Second"})
        other = new_test_user(
            self.env,
            "test_other_system",
            groups=SYSTEM,
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        self.assertFalse(self.webhook.with_user(other).search([("id", "=", self.webhook.id)]))
        self.assertFalse(self.delivery.with_user(other).search([("id", "=", self.delivery.id)]))
        for record, method in (
            (self.webhook, "action_new_secret"),
            (self.delivery, "action_resend"),
        ):
            with self.assertRaises(AccessError):
                self._call(other, record, method)
        self.webhook.company_id = False
        self.assertTrue(self.webhook.with_user(other).search([("id", "=", self.webhook.id)]))
        self.assertFalse(self.delivery.with_user(other).search([("id", "=", self.delivery.id)]))
