from odoo import http
from odoo.exceptions import AccessError
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import AccountCommon

PAGE = "/my/b2b/colleagues"
ROUTES = {
    PAGE: "GET",
    f"{PAGE}/invite": "POST",
    f"{PAGE}/default": "POST",
    f"{PAGE}/<int:partner_id>": "POST",
}


@tagged("post_install", "-at_install")
class TestAccess(AccountCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.internal_user = new_test_user(cls.env, "b2b_internal", groups="base.group_user")
        cls.users = {
            "anonymous": cls.env.ref("base.public_user"),
            "retail": cls.retail_user,
            "rival": cls.rival_user,
            "colleague": cls.buyer_user,
            "administrator": cls.admin_user,
            "internal": cls.internal_user,
            "seller": cls.seller_user,
        }

    def _facts(self):
        self.env.invalidate_all()
        members = self.env["b2b.member"].with_context(active_test=False)
        members = members.search([("company_partner_id", "=", self.customer.id)])
        return (
            members.read(["active", "may_order", "may_approve", "is_administrator", "order_limit"]),
            self.customer.b2b_default_rights,
            self.customer.child_ids.ids,
        )

    def test_routes_are_for_administrators(self):
        rules = {
            str(rule)
            for rule in self.env["ir.http"].routing_map().iter_rules()
            if str(rule).startswith(PAGE)
        }
        self.assertEqual(rules, set(ROUTES), "a new route has a row of its own")
        before = self._facts()
        form = {
            "name": "Eve",
            "email": "eve@example.com",
            "b2b_default_rights": "look",
            "may_approve": "1",
        }
        for kind in ("anonymous", "retail", "rival", "colleague"):
            user = self.users[kind]
            if kind == "anonymous":
                self.authenticate(None, None)
            else:
                self._login(user)
            for rule, method in ROUTES.items():
                url = rule.replace("<int:partner_id>", str(self.buyer_user.partner_id.id))
                if kind == "rival" and rule in (f"{PAGE}/invite", f"{PAGE}/default"):
                    continue  # administrates a company of its own
                with self.subTest(kind=kind, url=url):
                    data = {**form, "csrf_token": http.Request.csrf_token(self)}
                    data = data if method == "POST" else None
                    answer = self.url_open(url, data=data, allow_redirects=False)
                    self.assertLess(answer.status_code, 500)
                    self.assertNotIn(self.buyer_user.partner_id.email, answer.text)
                    self.assertEqual(self._facts(), before)

    def test_model_is_closed_to_all_but_salespeople(self):
        calls = {
            "read": (["may_order"],),
            "write": ({"may_approve": True},),
            "unlink": (),
            "copy": (),
        }
        for kind, user in self.users.items():
            members = self.member.with_user(user)
            self.assertEqual(members.has_access("read"), kind == "seller", kind)
            if kind == "seller":
                continue
            for method, args in calls.items():
                with self.subTest(kind=kind, method=method), self.assertRaises(AccessError):
                    self._call(user, "b2b.member", method, self.member.ids, *args)
            values = {"partner_id": self.buyer2_user.partner_id.id, "is_administrator": True}
            with self.subTest(kind=kind, method="create"), self.assertRaises(AccessError):
                self._call(user, "b2b.member", "create", [], values)
            with self.subTest(kind=kind, method="search"), self.assertRaises(AccessError):
                self._call(user, "b2b.member", "search_read", [], [])

    def _call(self, user, model, method, ids, *args):
        records = self.env[model].with_user(user)
        with (
            mute_logger("odoo.models", "odoo.addons.base.models.ir_model"),
            self.cr.savepoint(),
        ):
            return call_kw(records, method, [ids, *args] if ids else list(args), {})

    def test_fields_of_the_company_are_closed_to_customers(self):
        for name in ("b2b_default_rights", "b2b_member_ids"):
            for kind in ("anonymous", "retail", "rival", "colleague", "administrator", "internal"):
                with self.subTest(kind=kind, field=name), self.assertRaises(AccessError):
                    self._call(self.users[kind], "res.partner", "read", self.customer.ids, [name])
        with self.assertRaises(AccessError):
            self._call(
                self.buyer_user,
                "res.partner",
                "write",
                self.customer.ids,
                {"b2b_default_rights": "all"},
            )

    def test_seller_of_another_company_sees_no_members(self):
        self.customer.company_id = self.company
        user = self._create_seller_elsewhere()
        found = self.env["b2b.member"].with_user(user).search([])
        self.assertNotIn(self.member, found)
