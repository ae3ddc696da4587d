from datetime import timedelta
from unittest.mock import patch

from odoo import fields, models
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_actions_report import IrActionsReport

from .common import SIGNATURE, AgreementCommon

LIST = "/my/agreements"
PAGE = f"{LIST}/<int:agreement_id>"
# For the users of `ROUTES`: a status, or where the route leads.
OUT, BACK = "/web/login", LIST
ROUTES = {
    # rule: {kind: answer}
    LIST: {"anonymous": OUT, "retail": 200, "rival": 200, "buyer": 200, "seller": 200},
    PAGE: {"anonymous": OUT, "retail": BACK, "rival": BACK, "buyer": 200, "seller": 200},
    f"{PAGE}/pdf": {"anonymous": OUT, "retail": BACK, "rival": BACK, "buyer": 200, "seller": 200},
}
SIGN = f"{PAGE}/sign"

REFUSED, DENIED, DONE = UserError, AccessError, None
# Public methods of models that the addon makes or extends: the arguments, the agreement (by
# state) or customer they are called on, and what they answer to the seller of it. Whoever is no
# seller is denied each of them.
METHODS = {
    ("b2b.agreement", "write"): (({"minimum_order_amount": 7},), "draft", DONE),
    ("b2b.agreement", "create"): (({"state": "signed"},), None, REFUSED),
    ("b2b.agreement", "copy"): ((), "signed", DONE),
    ("b2b.agreement", "action_send"): ((), "draft", DONE),
    ("b2b.agreement", "action_terminate"): ((), "signed", DONE),
    ("b2b.agreement", "action_draft"): ((), "sent", DONE),
    ("b2b.agreement", "action_renew"): ((), "signed", DONE),
    ("b2b.agreement", "action_render_body"): ((), "signed", REFUSED),
    ("b2b.agreement", "action_grant_portal_access"): ((), "sent", DENIED),
    ("ir.attachment", "create"): (({"name": "x", "res_model": "b2b.agreement"},), None, DONE),
    ("ir.attachment", "write"): (({"datas": "eA=="},), "signature", REFUSED),
    ("res.partner", "write"): (({"parent_id": False},), "customer", DENIED),
}
# They open a list, and what is in it is up to the rights of the reader.
WINDOWS = {("b2b.agreement", "action_view_renewals"), ("res.partner", "action_view_b2b_agreements")}


class AgreementAccessCommon(AgreementCommon):
    """Every kind of user, and agreements of the buyer in every state."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = new_test_user(cls.env, "b2b_clerk", groups="base.group_user")
        cls.users = {
            "anonymous": cls.env.ref("base.public_user"),
            "retail": cls.retail_user,
            "rival": cls.rival_user,
            "buyer": cls.buyer_user,
            "colleague": cls.buyer2_user,
            "clerk": cls.clerk,
            "seller": cls.seller_user,
        }
        today = fields.Date.today()
        cls.signed = cls._create_signed_agreement()
        later = {"date_start": today + timedelta(days=400), "date_end": False}
        cls.by_state = {
            "draft": cls._create_agreement(**later),
            "sent": cls._create_agreement(state="sent", **later),
            "signed": cls.signed,
        }


@tagged("post_install", "-at_install")
class TestAgreementMethods(AgreementAccessCommon):
    """The matrix of methods and users: what can be called by RPC, and by whom."""

    def _call(self, kind, model, method, ids, *args):
        recordset = self.env[model].with_user(self.users[kind])
        with self.cr.savepoint():
            return call_kw(recordset, method, [ids, *args] if ids else list(args), {})

    def _get_error(self, *call):
        """Return the class of what a call raises, None for nothing; nothing of it stays."""
        try:
            quiet = mute_logger("odoo.models", "odoo.addons.base.models.ir_model")
            with quiet, self.cr.savepoint() as savepoint:
                self._call(*call)
                savepoint.rollback()
        except UserError as error:
            return AccessError if isinstance(error, AccessError) else UserError
        finally:
            self.env.invalidate_all()
        return None

    def _ids(self, on):
        if on == "signature":
            domain = [
                ("res_model", "=", "b2b.agreement"),
                ("res_field", "=", "signature"),
                ("res_id", "=", self.signed.id),
            ]
            return self.env["ir.attachment"].search(domain).ids
        return {"customer": self.customer, None: self.customer.browse(), **self.by_state}[on].ids

    def _own_methods(self, public):
        """Return `(model, method)` of all that the addon's own classes define."""
        return {
            (name, method)
            for name in self.registry
            for base in type(self.env[name]).__mro__
            if base.__module__.startswith("odoo.addons.b2b_agreement.")
            for method, value in vars(base).items()
            if callable(value) and not method.startswith("__")
            if not isinstance(value, (type, models.Constraint, models.UniqueIndex))
            if public is not method.startswith("_")
        }

    def test_table_has_every_public_method(self):
        # The framework keeps `init` from RPC by its name.
        found = {call for call in self._own_methods(public=True) if call[1] != "init"}
        self.assertEqual(found, METHODS.keys() | WINDOWS)

    def test_private_methods_cannot_be_called(self):
        methods = self._own_methods(public=False) | {("b2b.agreement", "init")}
        self.assertGreater(len(methods), 50)
        for model, method in methods:
            with self.subTest(model=model, method=method):
                for kind in ("buyer", "seller"):
                    with self.assertRaisesRegex(AccessError, "Private methods"):
                        self._call(kind, model, method, None)

    def test_public_methods_do_what_the_table_says(self):
        for (model, method), (args, on, seller) in METHODS.items():
            if (model, method) == ("b2b.agreement", "create"):
                args = ({**args[0], "partner_id": self.customer.id},)
            if (model, method) == ("ir.attachment", "create"):
                args = ({**args[0], "res_id": self.signed.id},)
            for kind in self.users:
                with self.subTest(model=model, method=method, kind=kind):
                    error = self._get_error(kind, model, method, self._ids(on), *args)
                    self.assertEqual(error, seller if kind == "seller" else DENIED)
        states = {state: agreement.state for state, agreement in self.by_state.items()}
        self.assertEqual(states, {state: state for state in states})

    def test_delete(self):
        for kind in self.users:
            for state, seller in {"draft": DONE, "sent": DONE, "signed": REFUSED}.items():
                with self.subTest(kind=kind, state=state):
                    ids = self.by_state[state].ids
                    error = self._get_error(kind, "b2b.agreement", "unlink", ids)
                    self.assertEqual(error, seller if kind == "seller" else DENIED)

    def test_lists_show_what_the_reader_may_read(self):
        everything = self.env["b2b.agreement"].union(*self.by_state.values())
        readable = {
            "rival": everything.browse(),
            "retail": everything.browse(),
            "buyer": everything - self.by_state["draft"],
            "colleague": everything - self.by_state["draft"],
            "seller": everything,
        }
        for kind, expected in readable.items():
            with self.subTest(kind=kind):
                domain = [("id", "in", everything.ids)]
                found = self._call(kind, "b2b.agreement", "search", None, domain)
                self.assertEqual(set(found), set(expected.ids))
                error = self._get_error(kind, "b2b.agreement", "read", everything.ids, ["name"])
                self.assertEqual(error, DONE if kind == "seller" else DENIED)

    def test_templates_of_texts(self):
        template = self.env["b2b.agreement.template"].create({"name": "T", "body": "<p>T</p>"})
        for kind in self.users:
            with self.subTest(kind=kind):
                error = self._get_error(kind, template._name, "read", template.ids, ["body"])
                self.assertEqual(error, DONE if kind in ("clerk", "seller") else DENIED)
                for method, *args in (("write", {"body": "<p>Mine</p>"}), ("unlink",)):
                    error = self._get_error(kind, template._name, method, template.ids, *args)
                    self.assertEqual(error, DENIED)


@tagged("post_install", "-at_install")
class TestAgreementRoutes(AgreementAccessCommon, HttpCase):
    """The matrix of routes and users, asked from the map of routes itself."""

    def _login(self, kind):
        login = None if kind == "anonymous" else self.users[kind].login
        self.authenticate(login, login and login + "x" * max(8 - len(login), 0))

    def _sign(self, agreement):
        self.env.flush_all()
        text = agreement._get_statement_hash()
        return self.make_jsonrpc_request(
            f"/my/agreements/{agreement.id}/sign?text={text}",
            {"name": "Anna Buyer", "signature": SIGNATURE},
        )

    def test_table_has_every_route(self):
        rules = self.env["ir.http"].routing_map().iter_rules()
        found = {rule.rule for rule in rules if rule.rule.startswith(LIST)}
        self.assertEqual(found, ROUTES.keys() | {SIGN})

    def test_routes_answer_what_the_table_says(self):
        pdf = patch.object(IrActionsReport, "_render_qweb_pdf", return_value=(b"%PDF-1.4", "pdf"))
        for rule, kinds in ROUTES.items():
            for kind, expected in kinds.items():
                self._login(kind)
                for state in ("sent", "signed"):
                    path = rule.replace("<int:agreement_id>", str(self.by_state[state].id))
                    with self.subTest(rule=rule, kind=kind, state=state), pdf:
                        response = self.url_open(path, allow_redirects=False)
                        location = response.headers.get("Location", "").partition("?")[0]
                        answer = location.removeprefix(self.base_url()) or response.status_code
                        self.assertEqual(answer, expected)

    def test_drafts_have_no_page_for_anyone(self):
        for kind in ("retail", "rival", "buyer", "seller"):
            self._login(kind)
            for suffix in ("", "/pdf"):
                path = f"{LIST}/{self.by_state['draft'].id}{suffix}"
                with self.subTest(kind=kind, suffix=suffix):
                    response = self.url_open(path, allow_redirects=False)
                    self.assertEqual(response.status_code, 303)
                    self.assertTrue(response.headers["Location"].endswith(LIST))

    def test_only_the_customer_signs(self):
        agreement = self.by_state["sent"]
        for kind in ("retail", "rival", "clerk", "seller"):
            self._login(kind)
            with self.subTest(kind=kind):
                self.assertIn("error", self._sign(agreement))
                self.env.invalidate_all()
                self.assertEqual((agreement.state, agreement.signed_by), ("sent", False))
        for state in ("draft", "signed"):
            self._login("buyer")
            before = self.by_state[state].signed_on
            with self.subTest(state=state):
                self.assertIn("error", self._sign(self.by_state[state]))
                self.env.invalidate_all()
                self.assertEqual(self.by_state[state].signed_on, before)
