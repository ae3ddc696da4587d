from odoo import models
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .pages import B2bPageCommon

# Who asks; `anonymous` is the public user over RPC, and nobody on the pages.
KINDS = ("anonymous", "retail", "rival", "colleague", "buyer", "seller")

SHOP, CART, TEMPLATES = "/my/b2b", "/my/b2b/cart", "/my/b2b/templates"
QUICK, TEMPLATE = "/my/b2b/quick-order", "/my/b2b/templates/<int:template_id>"
# Each route, and what it answers to those for whom the shop is open: a status, or where it leads.
# The buyer has a cart with one article and made the template; colleague and rival have neither.
# The colleague has an agreement with the buyer, and the template is shared.
ROUTES = {
    # rule: {method: (buyer, colleague, rival)}
    "/my/b2b": {"GET": (200, 200, 200), "POST": (200, 200, 200)},
    "/my/b2b/page/<int:page>": {"GET": (200, 200, 200), "POST": (200, 200, 200)},
    "/my/b2b/suggest": {"GET": (200, 200, 200)},
    "/my/b2b/image/<int:product_id>": {"GET": (200, 200, 200), "POST": (200, 200, 200)},
    "/my/b2b/product/<int:product_id>": {"GET": (200, 200, 200)},
    # The product has neither.
    "/my/b2b/product/<int:product_id>/picture/<int:index>": {"GET": (404, 404, 404)},
    "/my/b2b/product/<int:product_id>/document/<int:document_id>": {"GET": (404, 404, 404)},
    "/my/b2b/cart": {"GET": (200, 200, 200)},
    "/my/b2b/cart/add": {"GET": (SHOP, SHOP, SHOP), "POST": (SHOP, SHOP, SHOP)},
    "/my/b2b/cart/update": {"GET": (CART, CART, CART), "POST": (CART, CART, CART)},
    "/my/b2b/checkout": {"GET": (200, CART, CART), "POST": (200, CART, CART)},
    "/my/b2b/orders.csv": {"GET": (200, 200, 200), "POST": (200, 200, 200)},
    "/my/b2b/pricelist": {"GET": (200, 200, 200), "POST": (200, 200, 200)},
    "/my/b2b/pricelist.csv": {"GET": (200, 200, 200), "POST": (200, 200, 200)},
    "/my/b2b/pricelist.xlsx": {"GET": (200, 200, 200), "POST": (200, 200, 200)},
    QUICK: {"GET": (200, 200, 200), "POST": (QUICK, QUICK, QUICK)},
    f"{QUICK}/add": {"GET": (QUICK, QUICK, QUICK), "POST": (200, 200, 200)},
    f"{QUICK}/rejected": {"GET": (QUICK, QUICK, QUICK), "POST": (200, 200, 200)},
    TEMPLATES: {"GET": (200, 200, 200)},
    f"{TEMPLATES}/new": {"GET": (TEMPLATES, TEMPLATES, TEMPLATES)},
    TEMPLATE: {"GET": (200, 200, TEMPLATES)},
    f"{TEMPLATE}/<string:action>": {
        "GET": (TEMPLATE, TEMPLATE, TEMPLATE),
        "POST": (TEMPLATE, TEMPLATES, TEMPLATES),
    },
}
# Makes one with each request, so it is asked apart.
MAKES = {(f"{TEMPLATES}/new", "POST")}

# Public methods of models that the addon makes or extends: arguments, the record they are called
# on, and what they answer to a salesperson, to the buyer whose cart it is, and to all others.
REFUSED, DENIED, DONE = UserError, AccessError, None
METHODS = {
    ("sale.order", "write"): (({"state": "sale"},), "cart", REFUSED, DENIED, DENIED),
    ("sale.order", "create"): (({"b2b_qualifier": "cart"},), None, REFUSED, DENIED, DENIED),
    ("sale.order", "copy"): ((), "cart", REFUSED, REFUSED, DENIED),
    ("sale.order", "copy_data"): ((), "cart", REFUSED, REFUSED, DENIED),
    ("sale.order", "action_quotation_send"): ((), "cart", REFUSED, REFUSED, DENIED),
    ("sale.order", "message_post"): ((), "cart", DONE, DENIED, DENIED),
    # Odoo's own hook: names of fields, for everybody.
    ("res.company", "cache_invalidation_fields"): ((), "company", DONE, DONE, DONE),
    ("utm.campaign", "action_redirect_to_quotations"): ((), "campaign", DONE, DONE, DONE),
}


class AccessCommon(B2bPageCommon):
    """Every kind of user, with a cart and a shared template of the buyer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_signed_agreement(partner_id=cls.rival.id, pricelist_id=cls.rival_pricelist.id)
        cls.template.b2b_template_shared = True
        cls.manager_user = new_test_user(
            cls.env, "b2b_manager", groups="base.group_user,sales_team.group_sale_manager"
        )
        cls.users = {
            "anonymous": cls.env.ref("base.public_user"),
            "retail": cls.retail_user,
            "rival": cls.rival_user,
            "colleague": cls.buyer2_user,
            "buyer": cls.buyer_user,
            "seller": cls.seller_user,
            "manager": cls.manager_user,
        }
        cls.campaign = cls.env["utm.campaign"].create({"name": "Fair"})

    def _call(self, kind, model, method, ids, *args, **kwargs):
        """Call a method as the web client does, in a savepoint."""
        recordset = self.env[model].with_user(self.users[kind]).with_context(lang="en_US")
        with self.cr.savepoint():
            return call_kw(recordset, method, [ids, *args] if ids else list(args), kwargs)

    def _get_error(self, kind, model, method, ids, *args, **kwargs):
        """Return the class of what a call raises, None for nothing."""
        try:
            with mute_logger("odoo.models", "odoo.addons.base.models.ir_model"):
                self._call(kind, model, method, ids, *args, **kwargs)
        except UserError as error:
            return AccessError if isinstance(error, AccessError) else UserError
        finally:
            self.env.invalidate_all()
        return None


@tagged("post_install", "-at_install")
class TestRoutes(AccessCommon):
    """The matrix of routes and users, asked from the map of routes itself."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # So that the checkout answers with a page, and orders nothing.
        cls.agreement.po_number_required = True

    def setUp(self):
        super().setUp()
        rules = self.env["ir.http"].routing_map().iter_rules()
        # Those of this addon: others have a table of their own.
        self.rules = [
            rule
            for rule in rules
            if rule.rule.startswith("/my/b2b")
            and rule.endpoint.func.__module__.startswith("odoo.addons.b2b_portal.")
        ]

    def _methods(self, rule):
        return (rule.methods or {"GET", "POST"}) & {"GET", "POST"}

    def _fill(self, path):
        values = {
            "<int:page>": 1,
            "<int:product_id>": self.product.id,
            "<int:template_id>": self.template.id,
            "<string:action>": "save",
            "<int:index>": 0,
            "<int:document_id>": 1,
        }
        for name, value in values.items():
            path = path.replace(name, str(value))
        self.assertNotIn("<", path)
        return path

    def _ask(self, method, rule):
        ask = {"GET": self._get, "POST": self._post}[method]
        response = ask(self._fill(rule), allow_redirects=False)
        location = response.headers.get("Location", "")
        path, _mark, query = location.partition("?")
        return response.status_code, path.removeprefix(self.base_url()), query

    def _all(self):
        return [(rule.rule, method) for rule in self.rules for method in self._methods(rule)]

    def test_table_has_every_route(self):
        table = {(rule, method) for rule, methods in ROUTES.items() for method in methods}
        self.assertEqual(set(self._all()), table | MAKES)

    def test_anonymous_is_led_to_the_login(self):
        self.authenticate(None, None)
        for rule, method in self._all():
            with self.subTest(rule=rule, method=method):
                status, path, _query = self._ask(method, rule)
                self.assertEqual((status, path), (303, "/web/login"))

    def test_others_are_led_to_the_agreements(self):
        for kind in ("retail", "seller"):
            self._login(self.users[kind])
            for rule, method in self._all():
                with self.subTest(kind=kind, rule=rule, method=method):
                    answer = self._ask(method, rule)
                    self.assertEqual(answer, (303, "/my/agreements", "closed=none"))

    def test_customers_get_what_the_table_says(self):
        for column, kind in enumerate(("buyer", "colleague", "rival")):
            self._login(self.users[kind])
            for rule, methods in ROUTES.items():
                for method, expected in methods.items():
                    with self.subTest(kind=kind, rule=rule, method=method):
                        status, path, _query = self._ask(method, rule)
                        wanted = expected[column]
                        if isinstance(wanted, int):
                            self.assertEqual((status, path), (wanted, ""))
                        else:
                            self.assertEqual((status, path), (303, self._fill(wanted)))
        self.env.invalidate_all()
        self.assertEqual(self.cart.order_line.product_uom_qty, 2)
        self.assertEqual(self.template.b2b_template_name, "Weekly")
        self.assertEqual(len(self.template.order_line), 2)

    def test_new_template_is_of_who_asks(self):
        for kind in ("buyer", "colleague", "rival"):
            user = self.users[kind]
            self._login(user)
            named = [("b2b_template_name", "=", f"Of {kind}")]
            self._post(f"{TEMPLATES}/new", {"name": f"Of {kind}", "source": "cart"})
            if kind != "buyer":
                self.assertFalse(self.env["sale.order"].search(named), "there is no own cart")
                self._post(f"{TEMPLATES}/new", {"name": f"Of {kind}"})
            made = self.env["sale.order"].search(named)
            self.assertEqual(made.partner_id, user.partner_id)
            self.assertEqual(made.b2b_customer_id, user.partner_id.commercial_partner_id)
            self.assertFalse(made.b2b_template_shared)
            self.assertEqual(len(made.order_line), 1 if kind == "buyer" else 0)

    def test_pages_of_the_rival_have_his_own_prices_only(self):
        self.env["product.pricelist.item"].create(
            {
                "pricelist_id": self.rival_pricelist.id,
                "applied_on": "3_global",
                "compute_price": "percentage",
                "percent_price": 50,
            }
        )
        # 110.47 less 10 %, and less 50 %.
        prices = {"buyer": "99.42", "rival": "55.24"}
        for kind, price in prices.items():
            self._login(self.users[kind])
            for path in (SHOP, "/my/b2b/pricelist", "/my/b2b/pricelist.csv"):
                with self.subTest(kind=kind, path=path):
                    text = self._get(path).text
                    self.assertIn(price, text)
                    for other in set(prices.values()) - {price}:
                        self.assertNotIn(other, text)


@tagged("post_install", "-at_install")
class TestMethods(AccessCommon):
    """The matrix of methods and users: what can be called by RPC, and by whom."""

    def _own_methods(self, public):
        """Return `(model, method)` of all that the addon's own classes define."""
        found = set()
        for name in self.registry:
            for base in type(self.env[name]).__mro__:
                if not base.__module__.startswith("odoo.addons.b2b_portal."):
                    continue
                found |= {
                    (name, method)
                    for method, value in vars(base).items()
                    if callable(value) and not method.startswith("__")
                    if not isinstance(value, (type, models.Constraint, models.UniqueIndex))
                    if public is not method.startswith("_")
                }
        return found

    def _ids(self, on):
        return {
            "cart": self.cart.ids,
            "campaign": self.campaign.ids,
            "company": self.company.ids,
            None: None,
        }[on]

    def test_table_has_every_public_method(self):
        self.assertEqual(self._own_methods(public=True), set(METHODS))

    def test_private_methods_cannot_be_called(self):
        methods = self._own_methods(public=False)
        self.assertGreater(len(methods), 100)
        for model, method in methods:
            for kind in ("buyer", "seller"):
                subtest = self.subTest(model=model, method=method, kind=kind)
                with subtest, self.assertRaisesRegex(AccessError, "Private methods"):
                    self._call(kind, model, method, None)

    def test_public_methods_do_what_the_table_says(self):
        for (model, method), (args, on, seller, buyer, others) in METHODS.items():
            if method == "create":
                args = ({**args[0], "partner_id": self.buyer_user.partner_id.id},)
            for kind in KINDS:
                expected = {"seller": seller, "buyer": buyer}.get(kind, others)
                with self.subTest(model=model, method=method, kind=kind):
                    error = self._get_error(kind, model, method, self._ids(on), *args)
                    self.assertEqual(error, expected)
        self.assertEqual((self.cart.state, self.cart.b2b_qualifier), ("draft", "cart"))

    def test_portal_reads_its_own_orders_only(self):
        placed = self._place(self._create_draft("cart", [(self.product, 1)], self.buyer2_user))
        # cart, shared template, order of the colleague
        readers = {
            "anonymous": (DENIED, DENIED, DENIED),
            "retail": (DENIED, DENIED, DENIED),
            "rival": (DENIED, DENIED, DENIED),
            "colleague": (DENIED, DONE, DONE),
            "buyer": (DONE, DONE, DONE),
            "seller": (DONE, DONE, DONE),
        }
        for kind, expected in readers.items():
            for order, error in zip((self.cart, self.template, placed), expected, strict=True):
                with self.subTest(kind=kind, order=order.name):
                    fields = ["name", "amount_total"]
                    found = self._get_error(kind, "sale.order", "read", order.ids, fields)
                    self.assertEqual(found, error)
                    found = self._get_error(
                        kind, "sale.order.line", "read", order.order_line.ids, ["price_unit"]
                    )
                    self.assertEqual(found, error)

    def test_search_finds_what_can_be_read(self):
        drafts = self.cart | self.template
        found = {
            "retail": drafts.browse(),
            "rival": drafts.browse(),
            "colleague": self.template,
            "buyer": drafts,
            "seller": drafts,
        }
        domain = [("id", "in", drafts.ids)]
        for kind, expected in found.items():
            with self.subTest(kind=kind):
                ids = self._call(kind, "sale.order", "search", None, domain)
                self.assertEqual(set(ids), set(expected.ids))
                count = self._call(kind, "sale.order", "search_count", None, domain)
                self.assertEqual(count, len(expected))
                names = self._call(kind, "sale.order", "name_search", None, "", domain)
                self.assertEqual({one for one, _name in names}, set(expected.ids))

    def test_lists_of_the_quick_order_are_of_nobody(self):
        kept = self.env["b2b.quick.order.list"].with_user(self.buyer_user)._keep([], "0042 1")
        for kind in KINDS:
            for method, args in {
                "read": (["text"],),
                "write": ({"text": "0043 1"},),
                "unlink": (),
                "copy": (),
            }.items():
                with self.subTest(kind=kind, method=method):
                    error = self._get_error(kind, "b2b.quick.order.list", method, kept.ids, *args)
                    self.assertEqual(error, DENIED)
            with self.subTest(kind=kind, method="create"):
                error = self._get_error(kind, "b2b.quick.order.list", "create", None, {"text": ""})
                self.assertEqual(error, DENIED)
        self.assertEqual(kept.text, "0042 1")

    def test_lists_are_found_by_their_buyer_only(self):
        List = self.env["b2b.quick.order.list"]
        kept = List.with_user(self.buyer_user)._keep([], "0042 1")
        for kind in KINDS:
            own = List.with_user(self.users[kind])._get_own(kept.id)
            self.assertEqual(own, kept if kind == "buyer" else List)

    def test_key_of_the_checkout_comes_by_no_call(self):
        for key in (True, 1, "PLACING", {}, []):
            for kind in ("buyer", "seller"):
                with self.subTest(key=key, kind=kind):
                    error = self._get_error(
                        kind,
                        "sale.order",
                        "write",
                        self.cart.ids,
                        {"b2b_qualifier": "order", "state": "sent"},
                        context={"b2b_placing": key},
                    )
                    self.assertEqual(error, REFUSED if kind == "seller" else DENIED)
        self.assertEqual(self.cart.b2b_qualifier, "cart")
