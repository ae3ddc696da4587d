"""A walk through what the server offers: its models and fields, methods and routes."""

import inspect

from odoo import http
from odoo.service.model import get_public_method

from .common import ShopCommon
from .company_secrets import GUESSES, MODELS, create_company_secrets

NOISE = (
    "odoo.addons.base.models.ir_model",
    "odoo.addons.base.models.ir_qweb",
    "odoo.addons.base.models.ir_rule",
    "odoo.addons.base.models.ir_attachment",
    "odoo.addons.mail.models.mail_mail",
    "odoo.addons.mail.models.mail_thread",
    "odoo.addons.payment.models.payment_transaction",
    "odoo.addons.payment_custom.controllers.main",
    "odoo.addons.website.models.website",
    "odoo.domains",
    "odoo.http",
    "odoo.models",
    "odoo.models.unlink",
    "odoo.orm",
    "odoo.osv.expression",
    "odoo.sql_db",
    "py.warnings",
    "werkzeug",
)
# What a customer must not learn is in these models, or is reached from them.
SECRET_MODELS = (
    *("b2b.agreement", "product.pricelist", "product.pricelist.item", "sale.order"),
    *GUESSES,
)
METHOD_MODELS = (
    *("b2b.agreement", "product.pricelist", "product.pricelist.item", "sale.order"),
    *MODELS,
    "b2b.agreement.template",
    "b2b.price.explanation",
    "b2b.quick.order",
    "product.product",
    "product.template",
    "sale.order.line",
    "sale.order.status",
    "sale.order.status.history",
)
# Pages of the framework: sign-in, backend, editor, assets, bus; they know nothing of customers.
SKIPPED_ROUTES = (
    "/auth_totp",
    "/base_import",
    "/bus",
    "/doc",
    "/google",
    "/html_editor",
    "/json",
    "/jsonrpc",
    "/logo",
    "/microsoft",
    "/odoo",
    "/scoped_app",
    "/web/action",
    "/web/assets",
    "/web/bundle",
    "/web/database",
    "/web/login",
    "/web/session",
    "/web/signup",
    "/web/static",
    "/web/tests",
    "/web/webclient",
    "/websocket",
    "/xmlrpc",
)
# Routes that may lead to orders; each is asked for each kind of order.
ORDER_ROUTES = (
    "/mail",
    "/my",
    "/order",
    "/payment",
    "/report",
    "/sale",
    "/shop",
    "/web/content",
    "/web/image",
)


class WalkCommon(ShopCommon):
    """A customer with secrets, and what leads to them.

    Everything that one customer keeps here is named or priced by a secret that occurs nowhere
    else: the agreement with its PDF, the pricelist and its rules, a discount, the cart, templates,
    a quotation, a pro-forma, messages and files.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pdf = cls.env["ir.attachment"].create(
            {
                "name": "Zyxwv agreement.pdf",
                "raw": b"Zyxwv terms",
                "res_model": "b2b.agreement",
                "res_id": cls.agreement.id,
            }
        )
        cls.agreement.pdf_attachment_id = cls.pdf
        cls.quotation = cls._create_order([(cls.product, 3)], client_order_ref="Zyxwv quotation")
        cls.proforma = cls._fill_cart(cls.buyer_user)
        cls.proforma._place_b2b_order(
            {"client_order_ref": "Zyxwv PO", "b2b_note": "Zyxwv note of the buyer"}
        )
        cls.company_secrets = create_company_secrets(cls)
        cls.cart = cls._fill_cart(cls.buyer_user)
        cls.template, cls.shared_template = (
            cls._create_template(f"Zyxwv {name}", shared) for name, shared in (("a", 0), ("b", 1))
        )
        cls.proforma.message_post(
            body="Zyxwv message",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            attachments=[("Zyxwv file.txt", b"Zyxwv file")],
        )
        # Whoever leaves the company is a stranger to it from then on.
        cls.former_user = cls._create_portal_user("b2b_former", parent_id=cls.customer.id)
        cls.former_order = cls._fill_cart(cls.former_user)
        cls.former_order._place_b2b_order({"client_order_ref": "Zyxwv of a former contact"})
        cls.former_template = cls._create_template("Zyxwv former", 1)
        cls.former_template.partner_id = cls.former_user.partner_id
        cls.former_user.partner_id.parent_id = cls.rival
        cls.orders = cls.proforma | cls.quotation | cls.cart | cls.template | cls.shared_template
        cls.orders |= cls.former_order | cls.former_template
        if "b2b.approval" in cls.company_secrets:
            cls.orders |= cls.company_secrets["b2b.approval"].order_id
        cls.rules = cls.env["product.pricelist.item"].search(
            [("pricelist_id", "=", cls.pricelist.id)]
        )
        cls.env.flush_all()

    @classmethod
    def _fill_cart(cls, user):
        orders = cls.env["sale.order"].with_user(user)
        cart = orders._get_b2b_cart(cls.agreement, create=True).with_user(cls.env.user)
        cart._add_b2b_lines([(cls.product, 3, cls.product.uom_id)])
        return cart

    @classmethod
    def _create_template(cls, name, shared):
        template = cls.env["sale.order"].create(
            {
                "partner_id": cls.buyer_user.partner_id.id,
                "b2b_qualifier": "template",
                "b2b_template_name": name,
                "b2b_template_shared": bool(shared),
            }
        )
        template._add_b2b_template_lines([(cls.product, 7, cls.product.uom_id)])
        return template

    def _get_secret_records(self):
        return {
            "b2b.agreement": self.agreement,
            "product.pricelist": self.pricelist,
            "product.pricelist.item": self.rules,
            "sale.order": self.orders,
            "sale.order.line": self.orders.order_line,
            "product.product": self.product | self.product_b,
            "product.template": (self.product | self.product_b).product_tmpl_id,
            **self.company_secrets,
        }

    # === MODELS AND FIELDS === #

    def _get_readable_models(self, user):
        return [
            name
            for name, model in self.env.items()
            if not model._abstract and model.with_user(user).has_access("read")
        ]

    def _read_rows(self, model_name, user):
        """Read all fields of a model as the user's RPC calls would get them, files included."""
        # What the test itself has read must not come back from the cache.
        self.env.invalidate_all()
        model = self.env[model_name].with_user(user)
        names = list(model.fields_get(attributes=["type"]))
        records = self._try(model.search, [], limit=300)
        if not isinstance(records, type(model)):
            return
        yield from self._read_fields(records.with_context(bin_size=False), names)

    def _read_fields(self, records, names):
        """Read fields at once, and apart where one that fails would hide the others."""
        rows = self._try(records.read, names)
        if rows.startswith("[") or len(names) == 1:
            yield rows
            return
        half = len(names) // 2
        yield from self._read_fields(records, names[:half])
        yield from self._read_fields(records, names[half:])

    def _try(self, method, *args, **kwargs):
        """Return what a call answers or refuses, and undo what it did."""
        try:
            with self.env.cr.savepoint() as savepoint:
                result = method(*args, **kwargs)
                self.env.flush_all()
                if isinstance(result, dict | list | str):
                    result = str(result)
                savepoint.rollback()
                return result
        # Whatever it is, the words of a refusal reach the caller as well.
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    def _get_guesses(self, model_name):
        return {
            "b2b.agreement": [("minimum_order_amount", "=", 4321.25), ("body", "ilike", "Zyxwv")],
            "product.pricelist": [("name", "ilike", "Zyxwv")],
            "product.pricelist.item": [("fixed_price", "=", 73.19)],
            "sale.order": [
                ("client_order_ref", "ilike", "Zyxwv"),
                ("b2b_template_name", "ilike", "Zyxwv"),
                ("order_line.price_unit", "=", 73.19),
            ],
            **GUESSES,
        }[model_name]

    # === METHODS === #

    def _get_calls(self, model):
        ids = self._get_secret_records().get(model._name, model).ids
        for name in sorted(dir(type(model))):
            try:
                method = get_public_method(model, name)
                parameters = list(inspect.signature(method).parameters.values())[1:]
            except Exception:
                continue  # private, or no method at all
            if inspect.isclass(method):
                continue
            args = [
                self._guess_argument(parameter.name)
                for parameter in parameters
                if parameter.default is parameter.empty
                and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
            ]
            of_model = getattr(method, "_api_model", False)
            yield name, args if of_model else [ids, *args], {}

    def _guess_argument(self, name):
        """Return something of a type that a parameter of that name may take."""
        for part, value in (
            ("pricelist", self.pricelist.id),
            ("agreement", self.agreement.id),
            ("partner", self.customer.id),
            ("product_t", self.product.product_tmpl_id.id),
            ("template", self.template.id),
            ("product", self.product.id),
            ("order", self.proforma.id),
            ("domain", []),
            ("spec", {"display_name": {}}),
            ("vals", {}),
            ("values", {}),
            ("fields", ["display_name"]),
            ("groupby", ["id"]),
            ("field", "display_name"),
            ("ids", self.proforma.ids),
            ("date", "2026-06-01"),
            ("quantity", 1.0),
        ):
            if part in name:
                return value
        return False

    # === ROUTES === #

    @staticmethod
    def _is_ours(rule):
        return rule.endpoint.func.__module__.startswith(
            ("odoo.addons.b2b_", "odoo.addons.order_status_flags")
        )

    def _get_routes(self, variants=1):
        """Return each route with addresses and parameters that name the secret records.

        :param int variants: for how many of the orders, where the route may lead to one
        """
        for rule in self.env["ir.http"].routing_map().iter_rules():
            if rule.rule.startswith(SKIPPED_ROUTES) or "bearer" in rule.endpoint.routing["auth"]:
                continue
            seen = []
            # Elsewhere one record stands for all.
            of_orders = rule.rule.startswith(ORDER_ROUTES)
            for variant in range(variants if of_orders else 1):
                values = {
                    name: self._guess_path(name, converter, variant)
                    for name, converter in rule._converters.items()
                }
                try:
                    url = rule.build(values, append_unknown=False)[1]
                except Exception:
                    continue  # an address of a kind that has no record here
                parameters = self._guess_parameters(rule, variant)
                if (url, parameters) in seen:
                    break
                seen.append((url, parameters))
                yield rule, url, parameters

    def _guess_path(self, name, converter, variant):
        if model_name := getattr(converter, "model", None):
            records = self._get_secret_records().get(model_name)
            return (records or self.env[model_name].search([], limit=1))[:1]
        if converter.regex.startswith(r"-?\d") or "int" in type(converter).__name__.lower():
            return self._guess_id(name, variant)
        return {
            "model": "sale.order",
            "field": "name",
            "reportname": "sale.report_saleorder",
            "converter": "html",
            "docids": str(self.orders.ids[variant]),
            "action": "order",
            "token": "x" * 43,
            "access_token": "x" * 43,
        }.get(name, "x")

    def _guess_id(self, name, variant):
        for part, record in (
            ("agreement", self.agreement),
            ("pricelist", self.pricelist),
            ("product_t", self.product.product_tmpl_id),
            ("product", self.product),
            ("attachment", self.pdf),
            ("partner", self.customer),
            ("template", (self.template, self.shared_template)[variant % 2]),
            *(
                (part, self.company_secrets.get(model_name))
                for part, model_name in (
                    ("approval", "b2b.approval"),
                    ("center", "b2b.cost.center"),
                    ("budget", "b2b.budget"),
                    ("reference", "customer.product.reference"),
                    ("invoice", "account.move"),
                )
            ),
        ):
            if part in name and record:
                return record.ids[0]
        return self.orders.ids[variant] if "order" in name or "id" in name else 1

    def _guess_parameters(self, rule, variant):
        """Return parameters by the names that the controller takes."""
        path = rule.arguments
        names = [
            name
            for name in inspect.signature(rule.endpoint.func).parameters
            if name not in path and name not in ("self", "kw", "kwargs", "post")
        ]
        values = {
            "model": "sale.order",
            "res_model": "sale.order",
            "thread_model": "sale.order",
            "fields": ["display_name", "name"],
            "search": "bolt",
            "page": 1,
            "source": "cart",
            "quantity": "1",
            "combination": [],
            "options": {},
        }
        return {
            name: values.get(name, self._guess_id(name, variant))
            for name in names
            if name in values or name.endswith(("_id", "id"))
        }

    def _ask(self, rule, url, parameters):
        """Open an address by each of the methods that it takes, the writing one last."""
        methods = rule.methods or {"GET", "POST"}
        if rule.endpoint.routing["type"] in ("json", "jsonrpc"):
            return self.url_open(url, json={"params": parameters}, timeout=60)
        if "GET" in methods:
            return self.url_open(url, params=parameters, timeout=60, method="GET")
        if "POST" in methods:
            data = {**parameters, "csrf_token": http.Request.csrf_token(self)}
            return self.url_open(url, data=data, timeout=60)
        return None
