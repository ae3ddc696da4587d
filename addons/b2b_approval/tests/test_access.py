from odoo import http
from odoo.exceptions import AccessError
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import ApprovalCommon

APPROVALS, CENTERS = "/my/b2b/approvals", "/my/b2b/cost-centers"
ROUTES = {
    APPROVALS: ("GET",),
    f"{APPROVALS}/page/<int:page>": ("GET",),
    f"{APPROVALS}/away": ("POST",),
    f"{APPROVALS}/<int:approval_id>": ("GET", "POST"),
    CENTERS: ("GET",),
    f"{CENTERS}/new": ("POST",),
    f"{CENTERS}/<int:center_id>": ("POST",),
    f"{CENTERS}/<int:center_id>/budget": ("POST",),
}
MODELS = (
    "b2b.approval",
    "b2b.approval.task",
    "b2b.approval.decision",
    "b2b.approval.notice",
    "b2b.approval.rule",
    "b2b.approval.step",
    "b2b.cost.center",
    "b2b.budget",
)
# What salespeople may do with each: the rest is the system's.
SELLER_WRITES = ("b2b.approval.rule", "b2b.approval.step", "b2b.cost.center", "b2b.budget")


@tagged("post_install", "-at_install")
class TestAccess(ApprovalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_approval_rule((10, cls.anna))
        cls._create_budget(1000)
        cls.users = {
            "anonymous": cls.env.ref("base.public_user"),
            "retail": cls.retail_user,
            "rival": cls.rival_user,
            "colleague": cls.buyer2_user,
            "buyer": cls.buyer_user,
            "approver": cls.anna_user,
            "administrator": cls.admin_user,
            "internal": new_test_user(cls.env, "b2b_inside", groups="base.group_user"),
        }

    def setUp(self):
        super().setUp()
        self.approval = self._request(cost_center_id=str(self.center.id), b2b_note="Secret note")

    def _call(self, user, model, method, ids, *args):
        records = self.env[model].with_user(user)
        with mute_logger("odoo.models", "odoo.addons.base.models.ir_model"), self.cr.savepoint():
            return call_kw(records, method, [ids, *args] if ids else list(args), {})

    def test_models_are_closed_over_rpc(self):
        for model in MODELS:
            record = self.env[model].search([], limit=1)
            for kind, user in self.users.items():
                for method, ids, args in (
                    ("search_read", [], ([],)),
                    ("read", record.ids, ()),
                    ("write", record.ids, ({"create_uid": 1},)),
                    ("create", [], ({},)),
                    ("unlink", record.ids, ()),
                    ("copy", record.ids, ()),
                ):
                    if method not in ("search_read", "create") and not record:
                        continue
                    case = self.subTest(model=model, kind=kind, method=method)
                    with case, self.assertRaises(AccessError):
                        self._call(user, model, method, ids, *args)

    def test_sellers_read_requests_and_keep_rules(self):
        for model in MODELS:
            records = self.env[model].with_user(self.seller_user)
            self.assertEqual(records.has_access("read"), model != "b2b.approval.notice", model)
            self.assertEqual(records.has_access("write"), model in SELLER_WRITES, model)
        found = self.env["b2b.approval"].with_user(self.seller_user).search([])
        self.assertIn(self.approval, found)

    def test_seller_of_own_orders_reads_no_request_of_others(self):
        own = new_test_user(
            self.env, "b2b_own", groups="base.group_user,sales_team.group_sale_salesman"
        )
        self.approval.order_id.user_id = self.seller_user
        self.env.flush_all()
        self.assertFalse(self.env["b2b.approval"].with_user(own).search([]))
        self.assertFalse(self.env["b2b.approval.task"].with_user(own).search([]))

    def test_order_of_a_request_is_read_by_its_buyer_alone(self):
        order = self.approval.order_id
        for kind, user in self.users.items():
            orders = self.env["sale.order"].with_user(user)
            lines = self.env["sale.order.line"].with_user(user)
            with self.subTest(kind=kind):
                if kind in ("anonymous", "internal"):
                    self.assertFalse(orders.has_access("read"))
                    continue
                is_buyer = kind == "buyer"
                self.assertEqual(bool(orders.search([("id", "=", order.id)])), is_buyer)
                self.assertEqual(bool(lines.search([("order_id", "=", order.id)])), is_buyer)
                if not is_buyer:
                    with self.assertRaises(AccessError):
                        self._call(user, "sale.order", "read", order.ids, ["b2b_note"])

    def test_new_fields_of_companies_and_orders_are_closed_to_customers(self):
        fields = {
            "res.partner": (
                "b2b_approve_own",
                "b2b_cost_center_required",
                "b2b_approval_rule_ids",
                "b2b_cost_center_ids",
            ),
            "sale.order": ("b2b_budget_date", "b2b_budget_rate"),
        }
        records = {"res.partner": self.customer, "sale.order": self.approval.order_id}
        for model, names in fields.items():
            for name in names:
                for kind in ("anonymous", "retail", "rival", "buyer", "administrator"):
                    with self.subTest(field=name, kind=kind), self.assertRaises(AccessError):
                        self._call(self.users[kind], model, "read", records[model].ids, [name])

    def test_public_methods_check_by_themselves(self):
        for method, args in (("approve", ()), ("decline", ("No",)), ("withdraw", ())):
            for kind, user in self.users.items():
                if (kind, method) in {
                    ("approver", "approve"),
                    ("approver", "decline"),
                    ("buyer", "withdraw"),
                    ("administrator", "withdraw"),
                }:
                    continue
                with self.subTest(kind=kind, method=method), self.assertRaises(AccessError):
                    self._call(user, "b2b.approval", method, self.approval.ids, *args)
        self.assertEqual(self.approval.state, "pending")
        result = self._call(self.anna_user, "b2b.approval", "approve", self.approval.ids)
        self.assertIs(result, True)

    def test_routes_answer_everybody_and_change_nothing(self):
        rules = {
            str(rule)
            for rule in self.env["ir.http"].routing_map().iter_rules()
            if str(rule).startswith((APPROVALS, CENTERS))
        }
        self.assertEqual(rules, set(ROUTES), "a new route has a row of its own")
        for kind in ("anonymous", "retail", "rival", "colleague"):
            if kind == "anonymous":
                self.authenticate(None, None)
            else:
                self._login(self.users[kind])
            for rule, methods in ROUTES.items():
                if kind == "rival" and rule == f"{CENTERS}/new":
                    continue  # administrates a company of its own
                url = rule.replace("<int:approval_id>", str(self.approval.id))
                url = url.replace("<int:center_id>", str(self.center.id))
                url = url.replace("<int:page>", "1")
                for method in methods:
                    data = {
                        "csrf_token": http.Request.csrf_token(self),
                        "decision": "approve",
                        "name": "Hacked",
                        "code": "666",
                    }
                    with self.subTest(kind=kind, url=url, method=method):
                        answer = self.url_open(url, data=data if method == "POST" else None)
                        self.assertLess(answer.status_code, 500)
                        for secret in ("Secret note", "Workshop", self.buyer_user.email):
                            self.assertNotIn(secret, answer.text)
        self.env.invalidate_all()
        self.assertEqual(self.approval.state, "pending")
        self.assertEqual(self.center.name, "Workshop")
        self.assertFalse(self.env["b2b.cost.center"].search([("code", "=", "666")]))

    def test_page_of_orders_opens_no_request(self):
        order = self.approval.order_id
        for kind in ("buyer", "colleague", "rival"):
            self._login(self.users[kind])
            for url in (f"/my/orders/{order.id}", f"/my/orders/{order.id}?report_type=pdf"):
                answer = self.url_open(url, allow_redirects=False)
                self.assertNotIn("Secret note", answer.text)
                self.assertNotEqual(answer.status_code, 200)
            self.assertNotIn("Secret note", self._get("/my/b2b/orders.csv").text)
