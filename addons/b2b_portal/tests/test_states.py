from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.b2b_agreement.tests.common import SIGNATURE

from .test_access import KINDS, AccessCommon

SIGNED_ON = "2026-01-01 10:00:00"
# What would make an order of a draft: method and arguments. Customers have no right to any of it,
# and a salesperson is told why not.
FORBIDDEN = {
    "confirm": ("action_confirm",),
    "mark as sent": ("action_quotation_sent",),
    "mail": ("action_quotation_send",),
    "cancel": ("action_cancel",),
    "lock": ("action_lock",),
    "state sent": ("write", {"state": "sent"}),
    "state sale": ("write", {"state": "sale"}),
    "state cancel": ("write", {"state": "cancel"}),
    "locked": ("write", {"locked": True}),
    "signer": ("write", {"signed_by": "Me"}),
    "day of the signature": ("write", {"signed_on": SIGNED_ON}),
    "signature": ("write", {"signature": SIGNATURE}),
    "type": ("write", {"document_type": "sale"}),
    "order": ("write", {"b2b_qualifier": "order"}),
    "no B2B": ("write", {"b2b_qualifier": False}),
    "beside others": ("write", {"client_order_ref": "PO", "state": "sale"}),
}
# Whoever reads the draft is told why, before the rights are asked.
REASONED = ("confirm", "mail")
# Fields of the buyer's documents that no customer writes, whatever the value.
OWN_FIELDS = {
    "client_order_ref": "PO",
    "note": "<p>Note</p>",
    "b2b_note": "Note",
    "b2b_template_name": "Mine",
    "b2b_template_shared": True,
    "commitment_date": SIGNED_ON,
    "pricelist_id": False,
    "order_line": [Command.clear()],
}
PORTAL = tuple(kind for kind in KINDS if kind != "seller")
# What an attempt that is refused leaves as it was.
FACTS = (
    *("state", "b2b_qualifier", "document_type", "locked"),
    *("signed_by", "signed_on", "signature", "name"),
    *("client_order_ref", "b2b_template_name", "b2b_template_shared"),
    *("order_status_id", "order_flag_id", "pricelist_id"),
)


class StatesCommon(AccessCommon):
    def _facts(self, order):
        self.env.invalidate_all()
        order = order.exists()
        order.fetch(FACTS)  # not all of the order, it is asked some hundred times
        return (
            order.ids,
            *(order[name] for name in FACTS),
            [(line.product_id, line.product_uom_qty, line.price_unit) for line in order.order_line],
            order.invoice_ids,
        )

    def _assert_refused(self, order, kind, error, method, *args):
        """Assert that a call is refused and nothing has changed."""
        before = self._facts(order)
        self.env.invalidate_all()  # what is read before is read by anyone
        found = self._get_error(kind, "sale.order", method, order.ids, *args)
        self.assertEqual(found, error)
        self.assertEqual(self._facts(order), before)


@tagged("post_install", "-at_install")
class TestForbiddenWrites(StatesCommon):
    def test_nobody_makes_an_order_of_a_draft(self):
        readers = {self.cart: ("buyer", "seller"), self.template: ("buyer", "colleague", "seller")}
        for order, told in readers.items():
            for label, (method, *args) in FORBIDDEN.items():
                for kind in KINDS:
                    is_told = kind in told if label in REASONED else kind == "seller"
                    with self.subTest(draft=order.name, attempt=label, kind=kind):
                        error = UserError if is_told else AccessError
                        self._assert_refused(order, kind, error, method, *args)

    def test_template_becomes_no_cart_and_back(self):
        for order, qualifier in ((self.cart, "template"), (self.template, "cart")):
            self._assert_refused(order, "seller", UserError, "write", {"b2b_qualifier": qualifier})

    def test_one_draft_among_orders_stops_all(self):
        quotation = self._create_order([(self.product, 1)])
        for method, *args in (FORBIDDEN["confirm"], FORBIDDEN["state sale"]):
            both = quotation | self.cart
            error = self._get_error("seller", "sale.order", method, both.ids, *args)
            self.assertEqual(error, UserError)
            self.assertEqual((quotation.state, self.cart.state), ("draft", "draft"))

    def test_customers_write_nothing_by_themselves(self):
        placed = self._place(self._create_draft("cart", [(self.product, 1)], self.buyer2_user))
        for order in (self.cart, self.template, placed):
            for name, value in OWN_FIELDS.items():
                for kind in PORTAL:
                    with self.subTest(order=order.name, field=name, kind=kind):
                        values = {name: value}
                        self._assert_refused(order, kind, AccessError, "write", values)

    def test_customers_write_no_lines(self):
        line = self.cart.order_line
        for kind in PORTAL:
            for method, args in {
                "write": ({"price_unit": 0.01},),
                "unlink": (),
                "copy": (),
            }.items():
                with self.subTest(kind=kind, method=method):
                    error = self._get_error(kind, "sale.order.line", method, line.ids, *args)
                    self.assertEqual(error, AccessError)
            values = {"order_id": self.cart.id, "product_id": self.product_b.id}
            error = self._get_error(kind, "sale.order.line", "create", None, values)
            self.assertEqual(error, AccessError)
        self.assertEqual(self.cart.order_line, line)

    def test_customers_neither_copy_nor_delete(self):
        placed = self._place(self._create_draft("cart", [(self.product, 1)], self.buyer2_user))
        for order in (self.cart, self.template, placed):
            for kind in PORTAL:
                for method in ("copy", "unlink"):
                    is_told = (order, kind, method) == (self.cart, "buyer", "copy")
                    with self.subTest(order=order.name, kind=kind, method=method):
                        error = UserError if is_told else AccessError
                        self._assert_refused(order, kind, error, method)

    def test_seller_copies_templates_only(self):
        self._assert_refused(self.cart, "seller", UserError, "copy")
        [copied] = self._call("seller", "sale.order", "copy", self.template.ids)
        copied = self.env["sale.order"].browse(copied)
        self.assertEqual((copied.b2b_qualifier, copied.state), ("template", "draft"))
        self.assertFalse(copied.b2b_template_shared)

    def test_manager_deletes_drafts_and_no_placed_order(self):
        placed = self._place(self._create_draft("cart", [(self.product, 1)], self.buyer2_user))
        for order in (self.cart, self.template, placed):
            self._assert_refused(order, "seller", AccessError, "unlink")
        self._assert_refused(placed, "manager", UserError, "unlink")
        self._call("manager", "sale.order", "unlink", (self.cart | self.template).ids)
        self.assertFalse((self.cart | self.template).exists())

    def test_status_and_flag(self):
        status = self.env.ref("order_status_flags.status_in_progress")
        flag = self.env["sale.order.flag"].search([], limit=1)
        placed = self._place(self._create_draft("cart", [(self.product, 1)], self.buyer2_user))
        for order in (self.cart, self.template, placed):
            for kind in KINDS:
                if (kind, order) == ("seller", placed):
                    continue
                error = UserError if kind == "seller" else AccessError
                with self.subTest(order=order.name, kind=kind):
                    self._assert_refused(order, kind, error, "set_order_status", status.id)
                    self._assert_refused(order, kind, error, "set_order_flag", flag.id)
        self._call("seller", "sale.order", "set_order_status", placed.ids, status.id)
        self.assertEqual(placed.order_status_id, status)

    def test_invoices(self):
        for order in (self.cart, self.template):
            for kind in ("buyer", "seller"):
                for how in ("delivered", "percentage", "fixed"):
                    values = {
                        "sale_order_ids": [Command.set(order.ids)],
                        "advance_payment_method": how,
                        "amount": 50,
                        "fixed_amount": 5,
                    }
                    with self.subTest(order=order.name, kind=kind, how=how):
                        with self.assertRaises(UserError), self.cr.savepoint():
                            wizard = self._call(
                                kind, "sale.advance.payment.inv", "create", None, values
                            )
                            self._call(
                                kind, "sale.advance.payment.inv", "create_invoices", [wizard]
                            )
                        self.env.invalidate_all()
                        self.assertFalse(order.invoice_ids)

    def test_mass_cancel(self):
        with self.assertRaises(UserError), self.cr.savepoint():
            wizard = self._call(
                "seller",
                "sale.mass.cancel.orders",
                "create",
                None,
                {"sale_order_ids": [Command.set((self.cart | self.template).ids)]},
            )
            self._call("seller", "sale.mass.cancel.orders", "action_mass_cancel", [wizard])
        self.env.invalidate_all()
        self.assertEqual((self.cart | self.template).mapped("state"), ["draft", "draft"])

    def test_placed_order_goes_the_usual_ways(self):
        placed = self._place()
        for values in (
            {"b2b_qualifier": "cart"},
            {"b2b_qualifier": "template"},
            {"b2b_qualifier": False},
            {"document_type": "sale"},
        ):
            with self.subTest(values=values):
                self._assert_refused(placed, "seller", UserError, "write", values)
        for kind in PORTAL:
            self._assert_refused(placed, kind, AccessError, "action_confirm")
        self._call("seller", "sale.order", "action_confirm", placed.ids)
        self.assertEqual((placed.state, placed.b2b_qualifier), ("sale", "order"))
        self._call("seller", "sale.order", "action_cancel", placed.ids)
        self.assertEqual((placed.state, placed.b2b_qualifier), ("cancel", "order"))
        self._call("seller", "sale.order", "action_draft", placed.ids)
        self.assertEqual((placed.state, placed.b2b_qualifier), ("draft", "order"))


@tagged("post_install", "-at_install")
class TestOrderPages(StatesCommon):
    """Odoo's own pages of orders: neither signature, nor refusal, nor payment of B2B orders."""

    def _orders(self):
        """Yield each order with what opens its page, from cart to pro-forma."""
        placed = self._place(self._create_draft("cart", [(self.product, 1)], self.buyer2_user))
        placed.write({"require_signature": True, "require_payment": True, "prepayment_percent": 1})
        for order in (self.cart, self.template, placed):
            token = order._portal_ensure_token()
            self.assertEqual(bool(token), order == placed)
            yield order, token or "0" * 36

    def test_nobody_signs_declines_or_pays(self):
        self.company.write({"portal_confirmation_sign": True, "portal_confirmation_pay": True})
        for order, token in self._orders():
            url = f"/my/orders/{order.id}"
            for kind in ("anonymous", "retail", "rival", "colleague", "buyer", "seller"):
                if kind == "anonymous":
                    self.authenticate(None, None)
                else:
                    self._login(self.users[kind])
                before = self._facts(order)
                with self.subTest(order=order.name, kind=kind, way="sign"):
                    data = {"access_token": token, "name": "Me", "signature": SIGNATURE}
                    self.assertIn("error", self.make_jsonrpc_request(f"{url}/accept", data))
                with self.subTest(order=order.name, kind=kind, way="decline"):
                    self._post(f"{url}/decline?access_token={token}", {"decline_message": "no"})
                self.assertEqual(self._facts(order), before)

    def test_page_of_a_draft_opens_for_nobody(self):
        for kind in ("retail", "rival", "colleague", "buyer", "seller"):
            self._login(self.users[kind])
            for order in (self.cart, self.template):
                for suffix in ("", "?report_type=html", "?report_type=pdf&download=true"):
                    with self.subTest(kind=kind, order=order.name, suffix=suffix):
                        response = self._get(
                            f"/my/orders/{order.id}{suffix}", allow_redirects=False
                        )
                        self.assertEqual(response.status_code, 303)
                        self.assertTrue(response.headers["Location"].endswith("/my"))

    def test_page_of_a_proforma(self):
        placed = self._place()
        pages = {"retail": 303, "rival": 303, "colleague": 200, "buyer": 200}
        for kind, status in pages.items():
            self._login(self.users[kind])
            response = self._get(f"/my/orders/{placed.id}", allow_redirects=False)
            self.assertEqual(response.status_code, status, kind)
            if status == 200:
                self.assertIn(placed.name, response.text)


@tagged("post_install", "-at_install")
class TestCounts(StatesCommon):
    """Drafts are counted nowhere; an order is counted once, from its placing on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.team = cls.env["crm.team"].create({"name": "B2B team"})
        (cls.cart | cls.template).write({"team_id": cls.team.id, "campaign_id": cls.campaign.id})

    def _counts(self):
        self.env.flush_all()
        self.env.invalidate_all()
        counters = {"counters": ["order_count", "quotation_count"]}
        home = self.make_jsonrpc_request("/my/counters", counters)
        report = self.env["sale.report"].search([("team_id", "=", self.team.id)])
        return {
            "lines in the report": len(report),
            "amount in the report": round(sum(report.mapped("price_subtotal")), 2),
            "orders of the company": self.customer.with_user(self.seller_user).sale_order_count,
            "orders of the buyer": self.cart.partner_id.with_user(
                self.seller_user
            ).sale_order_count,
            "orders of the team": self.team.sale_order_count,
            "quotations of the campaign": self.campaign.quotation_count,
            "orders on the home page": home.get("order_count"),
            "quotations on the home page": home.get("quotation_count"),
        }

    def test_from_draft_to_order(self):
        self._login(self.buyer_user)
        nothing = self._counts()
        self.assertEqual(
            {name: number for name, number in nothing.items() if number}, {}, "drafts count nowhere"
        )
        self._place(self.cart)
        placed = self._counts()
        self.assertEqual(
            placed,
            {
                "lines in the report": 1,
                "amount in the report": 198.85,
                "orders of the company": 1,
                "orders of the buyer": 1,
                "orders of the team": 1,
                "quotations of the campaign": 1,
                "orders on the home page": 1,
                "quotations on the home page": 0,
            },
        )
        # Nothing of it changes by the next cart.
        cart = self._create_draft("cart", [(self.product, 7)])
        cart.write({"team_id": self.team.id, "campaign_id": self.campaign.id})
        self.assertEqual(self._counts(), placed)

    def test_what_is_not_b2b_is_counted_as_before(self):
        self._login(self.buyer_user)
        quotation = self._create_order(
            [(self.product, 1)],
            partner_id=self.buyer_user.partner_id.id,
            team_id=self.team.id,
            campaign_id=self.campaign.id,
        )
        quotation.action_quotation_sent()
        counts = self._counts()
        self.assertEqual(counts["orders of the team"], 1)
        self.assertEqual(counts["quotations of the campaign"], 1)
        self.assertEqual(counts["lines in the report"], 1)
        self.assertEqual(counts["orders of the buyer"], 1)
        self.assertEqual(counts["quotations on the home page"], 1)
        self.assertEqual(counts["orders on the home page"], 0)

    def test_home_page_of_colleague_and_rival(self):
        self._place(self.cart)
        self.env.flush_all()
        for kind, number in {"colleague": 1, "rival": 0, "retail": 0}.items():
            self._login(self.users[kind])
            home = self.make_jsonrpc_request("/my/counters", {"counters": ["order_count"]})
            self.assertEqual(home["order_count"], number, kind)


@tagged("post_install", "-at_install")
class TestNumbers(StatesCommon):
    """A number is for a placed order: one each, and none for anything else."""

    def _next_number(self):
        sequence = self.env["ir.sequence"].search([("code", "=", "b2b.proforma")], limit=1)
        sequence.invalidate_recordset()
        return sequence.number_next_actual

    def test_one_number_for_each_placed_order(self):
        first = self._next_number()
        names = []
        for quantity in range(1, 4):
            cart = self._get_cart() if quantity == 1 else self._get_cart(create=True)
            cart._add_b2b_lines([(self.product, quantity, self.product.uom_id)])
            names.append(self._place(cart).name)
            self.assertEqual(self._next_number(), first + quantity)
        self.assertEqual(len(set(names)), 3)
        self.assertEqual(names, sorted(names))

    def test_number_stays_with_the_order(self):
        placed = self._place()
        name = placed.name
        before = self._next_number()
        placed.action_confirm()
        placed._action_cancel()
        placed.action_draft()
        self.assertEqual((placed.name, self._next_number()), (name, before))

    def test_refused_checkouts_take_none(self):
        before = self._next_number()
        cart = self._get_cart()
        self.agreement.minimum_order_amount = 10_000
        self._login(self.buyer_user)
        for _attempt in range(2):
            action, data = self._form(self._get("/my/b2b/checkout"), "Place order")
            self._post(action, data)
        self.env.invalidate_all()
        self.assertEqual((cart.b2b_qualifier, self._next_number()), ("cart", before))

    def test_second_click_takes_none(self):
        cart = self._get_cart()
        self._login(self.buyer_user)
        action, data = self._form(self._get("/my/b2b/checkout"), "Place order")
        self._post(action, data)
        self.env.invalidate_all()
        before = self._next_number()
        name = cart.name
        for _click in range(2):
            response = self._post(action, data, allow_redirects=False)
            self.assertTrue(response.headers["Location"].endswith(f"/my/orders/{cart.id}"))
        self.env.invalidate_all()
        self.assertEqual((cart.name, self._next_number()), (name, before))
        with self.assertRaisesRegex(UserError, "ordered already"):
            cart._place_b2b_order({})
