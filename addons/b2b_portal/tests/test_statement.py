from dataclasses import replace

from odoo.fields import Command
from odoo.tests import tagged

from ..statement import Statement
from .pages import B2bPageCommon


@tagged("post_install", "-at_install")
class TestStatement(B2bPageCommon):
    """What the buyer saw is what is ordered, or the buyer is asked."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.no_tax, cls.high_tax = cls.env["account.tax"].create(
            [
                {"name": f"Statement {amount}", "amount": amount, "type_tax_use": "sale"}
                for amount in (0, 20)
            ]
        )
        cls.product.taxes_id = cls.high_tax
        germany = cls.env.ref("base.de")
        cls.abroad = cls.env["account.fiscal.position"].create(
            {"name": "Abroad", "auto_apply": True, "country_id": germany.id}
        )
        cls.no_tax.write(
            {
                "fiscal_position_ids": [Command.set(cls.abroad.ids)],
                "original_tax_ids": [Command.set(cls.high_tax.ids)],
            }
        )
        cls.customer.country_id = cls.env.ref("base.us")
        cls.depot, cls.near = cls.env["res.partner"].create(
            [
                {
                    "name": name,
                    "parent_id": cls.customer.id,
                    "type": "delivery",
                    "country_id": country.id,
                }
                for name, country in (("Depot", germany), ("Near", cls.customer.country_id))
            ]
        )
        cls.term_30, cls.term_now = cls.env["account.payment.term"].create(
            [{"name": "In 30 days"}, {"name": "At once"}]
        )
        cls.agreement.payment_term_id = cls.term_30
        cls.cart._refresh_b2b_lines()

    def setUp(self):
        super().setUp()
        self._login(self.buyer_user)

    def _open(self):
        self.env.flush_all()
        return self._form(self._get("/my/b2b/checkout"), "Place order")

    def test_changes_take_no_more_queries_for_more_lines(self):
        """Neither in the currency of the order nor in another one, which is gone."""
        cart = self._get_cart()
        other = self.env["res.currency"].create({"name": "XBU", "symbol": "X", "active": False})
        for currency in (cart.currency_id, other):
            counts = []
            for size in (2, 20):
                products = self.env["product.product"].create(
                    [{"name": f"P{index}", "list_price": 5} for index in range(size)]
                )
                cart.order_line.unlink()
                cart._add_b2b_lines([(product, 1, product.uom_id) for product in products])
                today = cart._get_b2b_today()
                now = cart._get_b2b_statement(today)
                seen = [replace(line, price=line.price + 1) for line in now.lines]
                seen = replace(now, lines=seen, currency=currency.name)
                with self._count_queries() as queries:
                    changes = cart._get_b2b_changes(seen, today)
                self.assertEqual(currency.symbol in changes[0].partition("before")[0], True)
                self.assertGreaterEqual(len(changes), size)
                counts += queries
            self.assertNoMoreQueries(*counts)

    def _assert_asked(self, form, *words, **values):
        """Assert that this form is not ordered, and why; the next click orders it."""
        self.env.flush_all()
        action, data = form
        response = self._post(action, {**data, **values})
        self.env.invalidate_all()
        self.assertEqual(self.cart.b2b_qualifier, "cart")
        alerts = " ".join(self._alerts(response))
        for word in words:
            self.assertIn(word, alerts)
        action, data = self._form(response, "Place order")
        self._post(action, data)
        self.env.invalidate_all()
        self.assertEqual(self.cart.b2b_qualifier, "order")
        return response

    def test_nothing_changed(self):
        action, data = self._open()
        self._post(action, data)
        self.env.invalidate_all()
        self.assertEqual(self.cart.b2b_qualifier, "order")

    def test_address_with_other_taxes(self):
        total = self.cart.amount_total
        untaxed = self.cart.amount_untaxed
        self.assertNotEqual(untaxed, total)
        response = self._assert_asked(
            self._open(), "Taxes", "Depot", partner_shipping_id=self.depot.id
        )
        self.assertIn("Depot", self._page(response).xpath("//select/option[@selected]")[0].text)
        self.assertEqual(self.cart.partner_shipping_id, self.depot)
        self.assertEqual(self.cart.amount_total, untaxed)

    def test_amounts_of_the_chosen_address_without_script(self):
        action, data = self._open()
        response = self._post(
            action,
            {
                **data,
                "partner_shipping_id": self.depot.id,
                "client_order_ref": "PO-7",
                "show": "1",
            },
        )
        self.env.invalidate_all()
        self.assertEqual(self.cart.b2b_qualifier, "cart")
        amounts = self._page(response).xpath("//dl/dd")
        self.assertIn("0.00", amounts[1].text_content())
        action, data = self._form(response, "Place order")
        self.assertEqual(data["client_order_ref"], "PO-7")
        self._post(action, data)
        self.env.invalidate_all()
        self.assertEqual(self.cart.b2b_qualifier, "order")
        self.assertEqual(self.cart.amount_tax, 0)

    def test_address_with_the_same_amounts_is_the_buyers_choice(self):
        action, data = self._open()
        self._post(action, {**data, "partner_shipping_id": self.near.id})
        self.env.invalidate_all()
        self.assertEqual(self.cart.b2b_qualifier, "order")
        self.assertEqual(self.cart.partner_shipping_id, self.near)

    def test_address_that_was_changed(self):
        form = self._open()
        self.near.street = "Elsewhere 1"
        self._assert_asked(form, "Elsewhere 1", partner_shipping_id=self.near.id)

    def test_tax_of_the_article(self):
        form = self._open()
        self.high_tax.amount = 23
        self._assert_asked(form, "Taxes", "Total")

    def test_line_that_is_gone(self):
        self.cart._add_b2b_lines([(self.product_b, 5, self.product_b.uom_id)])
        form = self._open()
        self.cart.order_line[0].unlink()
        self._assert_asked(form, "Bolt is gone", "Total")

    def test_line_that_is_new(self):
        form = self._open()
        self.cart._add_b2b_lines([(self.product_b, 5, self.product_b.uom_id)])
        self._assert_asked(form, "Nut is new")

    def test_quantity_and_unit(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        dozen.active = True
        self.product.uom_ids = dozen
        form = self._open()
        self.cart.order_line.product_uom_id = dozen
        self._assert_asked(form, "2 Dozens at")

    def test_order_of_the_lines(self):
        self.cart._add_b2b_lines([(self.product_b, 5, self.product_b.uom_id)])
        form = self._open()
        self.cart._move_b2b_line(self.cart.order_line[1].id, -1)
        self._assert_asked(form, "another order")

    def test_currency_with_the_same_numbers(self):
        form = self._open()
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].search([]).unlink()
        self.pricelist.currency_id = euro
        self._assert_asked(form, "Currency: USD before, EUR now")
        self.assertEqual(self.cart.currency_id, euro)

    def test_payment_terms(self):
        form = self._open()
        self.agreement.payment_term_id = self.term_now
        self._assert_asked(form, "Payment terms: In 30 days before, At once now")
        self.assertEqual(self.cart.payment_term_id, self.term_now)

    def test_page_shows_the_terms_that_are_ordered(self):
        self.agreement.payment_term_id = False
        self.buyer_user.partner_id.property_payment_term_id = self.term_now
        self.env.flush_all()
        self.assertIn("At once", self._get("/my/b2b/checkout").text)

    def test_nonsense_counts_as_not_seen(self):
        action, data = self._open()
        odd = Statement.load(data["seen"].replace("USD", "\\u0000\\ud800"))
        self.assertEqual(odd.currency, "?")
        infinite = data["seen"].replace('"total": ', '"total": 1e999')
        for seen in (
            "",
            "{}",
            "[]",
            "null",
            '{"lines": [1]}',
            "[" * 10_000,
            '{"lines": NaN}',
            infinite,
        ):
            with self.subTest(seen=seen[:20]):
                self.assertEqual(Statement.load(seen), Statement())
                self.assertTrue(self._alerts(self._post(action, {**data, "seen": seen})))
        self._post(action, {**data, "seen": odd.dump().replace("?", "\\u0000\\ud800")})
        self.env.invalidate_all()
        self.assertEqual(self.cart.b2b_qualifier, "cart")

    # === THE ADDRESS THAT THE CART REMEMBERS === #

    def _forget(self, **values):
        """Let the cart remember an address that is no longer the company's."""
        self.cart.partner_shipping_id = self.near
        self.near.write(values)
        self.env.flush_all()

    def test_remembered_address_is_checked_again(self):
        for values in ({"active": False}, {"parent_id": self.rival.id}):
            with self.subTest(values=values):
                self._forget(**values)
                response = self._get("/my/b2b/checkout")
                self.assertIn("choose a delivery address", " ".join(self._alerts(response)))
                chosen = self._page(response).xpath("//select/option[@selected]")
                self.assertEqual([option.get("value") for option in chosen], [""])
                action, data = self._form(response, "Place order")
                data.pop("partner_shipping_id")
                response = self._post(action, data)
                self.assertIn("choose a delivery address", " ".join(self._alerts(response)))
                self.env.invalidate_all()
                self.assertEqual(self.cart.b2b_qualifier, "cart")

    def test_script_renews_what_is_said_with_the_amounts(self):
        """Also what other addons say: the red question goes when an address was chosen."""
        self._forget(active=False)
        script = """
            const until = async (test) => {
                for (let i = 0; i < 200; i++) {
                    const found = test();
                    if (found) { return found; }
                    await new Promise((resolve) => setTimeout(resolve, 100));
                }
                throw new Error(`not so: ${test}`);
            };
            const find = (name) => document.querySelector(name);
            (async () => {
                await until(() => find("[is-ready=true] .o_b2b_notices .alert-danger"));
                const address = find("[name=partner_shipping_id]");
                address.value = "%s";
                address.dispatchEvent(new Event("change", { bubbles: true }));
                await until(() => find(".o_b2b_statement").textContent.includes("Depot"));
                await until(() => !find(".o_b2b_notices .alert-danger"));
                console.log("test successful");
            })().catch((error) => console.error(error.message));
        """
        login = self.buyer_user.login
        self.browser_js("/my/b2b/checkout", script % self.depot.id, login=login, timeout=120)

    def test_chosen_address_of_another_kind_stays_chosen(self):
        contact = self.env["res.partner"].create(
            {"name": "Somebody", "parent_id": self.customer.id, "type": "contact"}
        )
        self.cart.partner_shipping_id = contact
        self.env.flush_all()
        chosen = self._page(self._get("/my/b2b/checkout")).xpath("//select/option[@selected]")
        self.assertEqual([option.get("value") for option in chosen], [str(contact.id)])

    def test_invoice_address_of_another_company_is_not_kept(self):
        self.cart.partner_invoice_id = self.near
        self.near.parent_id = self.rival
        self.cart._refresh_b2b_lines()
        invoiced = self.cart.partner_invoice_id.commercial_partner_id
        self.assertEqual(invoiced, self.customer)
