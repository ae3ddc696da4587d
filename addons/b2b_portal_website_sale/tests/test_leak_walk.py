import json

from odoo.fields import Domain
from odoo.service.model import call_kw
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import SECRETS
from .company_secrets import MODELS
from .walk import METHOD_MODELS, NOISE, ORDER_ROUTES, SECRET_MODELS, WalkCommon


@tagged("post_install", "-at_install")
class TestLeakWalk(WalkCommon):
    """Walks what the server offers, not what the tests know of: models, fields, methods, routes."""

    # === MODELS AND FIELDS === #

    @mute_logger(*NOISE)
    def test_the_customer_itself_finds_its_secrets(self):
        """The walks below find what is there to be found."""
        user = self.buyer_user
        found = "".join(
            str(rows)
            for name in ("b2b.agreement", "product.pricelist.item", "sale.order", "sale.order.line")
            for rows in self._read_rows(name, user)
        )
        self.assertIn("Zyxwv of a former contact", found)
        self.assertIn("Zyxwv former", found)
        for secret in ("Zyxwv list", "Zyxwv PO", "Zyxwv a", "Zyxwv b", "73.19", "4321.25"):
            self.assertIn(secret, found)

    @mute_logger(*NOISE)
    def test_no_field_of_any_model_tells_strangers(self):
        for name, user in self._get_strangers().items():
            models = self._get_readable_models(user)
            self.assertGreater(len(models), 20, "the walk must have come somewhere")
            for model_name in models:
                for rows in self._read_rows(model_name, user):
                    self._assert_no_secret(rows, f"{name}: {model_name}")

    @mute_logger(*NOISE)
    def test_no_search_tells_strangers_by_what_it_finds(self):
        """Nobody guesses a secret by searching for it along the fields they may read."""
        asked = 0
        for name, user in self._get_strangers().items():
            for model_name in self._get_readable_models(user):
                model = self.env[model_name].with_user(user)
                for field_name, attributes in model.fields_get(
                    attributes=["relation", "searchable"]
                ).items():
                    relation = attributes.get("relation")
                    if relation not in SECRET_MODELS or not attributes.get("searchable"):
                        continue
                    for leaf in self._get_guesses(relation):
                        asked += 1
                        domain = Domain(f"{field_name}.{leaf[0]}", *leaf[1:])
                        found = self._try(model.search_count, domain)
                        self.assertFalse(
                            found if isinstance(found, int) else 0, (name, model_name, domain)
                        )
        self.assertGreater(asked, 50, "the walk must have come somewhere")

    # === METHODS === #

    @mute_logger(*NOISE)
    def test_no_method_tells_strangers(self):
        """Every method that RPC can call, on the secret records, with arguments that fit."""
        called = 0
        # A visitor who is not logged in has no RPC.
        for user in (self.rival_user, self.retail_user):
            for model_name in METHOD_MODELS:
                if model_name not in self.env:
                    continue
                model = self.env[model_name].with_user(user)
                for method, args, kwargs in self._get_calls(model):
                    called += 1
                    answer = self._try(call_kw, model, method, args, kwargs)
                    self._assert_no_secret(
                        str(answer), f"{user.login}: {model_name}.{method}", own=user
                    )
        self.assertGreater(called, 1000, "the walk must have come somewhere")

    @mute_logger(*NOISE)
    def test_no_form_in_the_making_tells_strangers(self):
        """`onchange` computes fields of a record that is not there: nothing may come of it."""
        secret_ids = {
            "product.pricelist": self.pricelist.id,
            "b2b.agreement": self.agreement.id,
            "res.partner": self.customer.id,
            "product.product": self.product.id,
            "product.template": self.product.product_tmpl_id.id,
            "sale.order": self.cart.id,
        }
        for user in (self.rival_user, self.retail_user):
            for model_name in METHOD_MODELS:
                if model_name not in self.env:
                    continue
                model = self.env[model_name].with_user(user)
                fields = self.env[model_name].fields_get(attributes=["relation", "readonly"])
                values = {
                    name: secret_ids[attributes["relation"]]
                    for name, attributes in fields.items()
                    if attributes.get("relation") in secret_ids and not attributes["readonly"]
                }
                self.env.invalidate_all()
                answer = self._try(model.onchange, values, list(values), {n: {} for n in fields})
                self._assert_no_secret(str(answer), f"{user.login}: {model_name}.onchange")

    # === ROUTES === #

    @mute_logger(*NOISE)
    def test_json2_tells_strangers_nothing(self):
        for user in (self.rival_user, self.retail_user):
            # sudo: portal users get no key by themselves unless the administrator allows it
            key = self.env["res.users.apikeys"].with_user(user).sudo()
            key = key._generate("rpc", "walk", False)
            answered = 0
            # The other models are read by the same code, see the walk over all fields.
            for model_name in METHOD_MODELS:
                response = self.url_open(
                    f"/json/2/{model_name}/search_read",
                    data=json.dumps({"domain": [], "limit": 300}),
                    headers={"Authorization": f"bearer {key}", "Content-Type": "application/json"},
                )
                answered += response.status_code == 200
                self._assert_no_secret(response.text, f"{user.login}: {model_name}", own=user)
            self.assertGreaterEqual(answered, 3, "the walk must have come somewhere")

    @mute_logger(*NOISE)
    def test_no_route_tells_strangers(self):
        for name, user in (
            ("rival", self.rival_user),
            ("retail", self.retail_user),
            ("public", None),
        ):
            self._login(user)
            asked = 0
            # Portal users are kept apart by the same rules: one of them asks for every order.
            variants = len(self.orders) if user == self.rival_user else 1
            for rule, url, parameters in self._get_routes(variants):
                asked += 1
                response = self._ask(rule, url, parameters)
                if response is not None:
                    self._assert_no_secret(response.text, f"{name}: {url} {parameters}", own=user)
                    if self._is_ours(rule):
                        self.assertLess(response.status_code, 500, url)
            self.assertGreater(asked, 200, "the walk must have come somewhere")

    @mute_logger(*NOISE)
    def test_the_customer_itself_finds_its_secrets_by_routes(self):
        """The walk above would find what is there to be found."""
        self._login(self.buyer_user)
        telling = set()
        for rule, url, parameters in self._get_routes(len(self.orders)):
            if self._is_ours(rule):
                response = self._ask(rule, url, parameters)
                if response is not None and SECRETS.search(response.text):
                    telling.add(rule.rule)
        self.assertGreaterEqual(
            telling,
            {
                "/my/agreements/<int:agreement_id>",
                "/my/b2b",
                "/my/b2b/cart",
                "/my/b2b/pricelist.csv",
                "/my/b2b/templates",
                "/my/b2b/templates/<int:template_id>",
                "/my/orders/<int:order_id>",
            },
        )

    # === COLLEAGUES === #

    def _assert_no_company_secret(self, text, where):
        found = text.find("Qwxzv")
        self.assertLess(found, 0, f"{where}: ...{text[max(0, found - 200) : found + 60]}")

    @mute_logger(*NOISE)
    def test_nothing_tells_a_colleague_without_the_right(self):
        """Invoices, rules, budgets, and what others wait for, by models, methods and routes."""
        if "b2b.member" not in self.env:
            self.assertNotIn("b2b.approval", self.env)
            return
        user = self.looker_user
        models = self._get_readable_models(user)
        self.assertGreater(len(models), 20, "the walk must have come somewhere")
        for model_name in models:
            for rows in self._read_rows(model_name, user):
                self._assert_no_company_secret(rows, model_name)
        called = 0
        for model_name in (*MODELS, "account.move", "sale.order"):
            if model_name not in self.env:
                continue
            model = self.env[model_name].with_user(user)
            for method, args, kwargs in self._get_calls(model):
                called += 1
                answer = self._try(call_kw, model, method, args, kwargs)
                self._assert_no_company_secret(str(answer), f"{model_name}.{method}")
        self.assertGreater(called, 300, "the walk must have come somewhere")

    @mute_logger(*NOISE)
    def test_no_route_tells_a_colleague_without_the_right(self):
        if "b2b.member" not in self.env:
            self.assertNotIn("b2b.approval", self.env)
            return
        self._login(self.looker_user)
        asked = 0
        for rule, url, parameters in self._get_routes():
            if not self._is_ours(rule) and not rule.rule.startswith(ORDER_ROUTES):
                continue
            asked += 1
            response = self._ask(rule, url, parameters)
            if response is not None:
                self._assert_no_company_secret(response.text, f"{url} {parameters}")
                if self._is_ours(rule):
                    self.assertLess(response.status_code, 500, url)
        self.assertGreater(asked, 50, "the walk must have come somewhere")
        for name, record in self.company_secrets.items():
            params = {"thread_model": name, "thread_id": record.ids[0]}
            answer = self.url_open("/mail/chatter_fetch", json={"params": params})
            self._assert_no_company_secret(answer.text, name)
