import json
from dataclasses import replace

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..statement import StatedLine, Statement
from .orders import B2bOrderCommon

GONE = StatedLine(0, "Washer", 4.0, "Units", 1.5)


@tagged("post_install", "-at_install")
class TestWordsOfChanges(B2bOrderCommon):
    """Each thing that a page states is compared, and told by itself."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tax = cls.env["account.tax"].create(
            {"name": "Statement", "amount": 20, "type_tax_use": "sale"}
        )
        cls.product.taxes_id = cls.tax
        cls.terms = cls.env["account.payment.term"].create({"name": "In 30 days"})
        cls.agreement.payment_term_id = cls.terms
        cls.cart = cls.cart.with_user(cls.buyer_user).sudo().with_context(lang="en_US")
        cls.cart._refresh_b2b_lines()

    def setUp(self):
        super().setUp()
        self.seen = self.cart._get_b2b_statement()
        self.line = self.seen.lines[0]

    def _changes(self, **values):
        """Return what is told to who has seen something else than there is now."""
        seen = replace(self.seen, **values)
        told = self.cart._get_b2b_changes(seen, self.cart._get_b2b_today())
        return [text.replace("\N{NO-BREAK SPACE}", "") for text in told]

    def _changes_of_line(self, **values):
        return self._changes(lines=[replace(self.line, **values)])

    def test_what_is_stated(self):
        self.assertEqual((self.line.name, self.line.quantity), ("[0042] Bolt", 2.0))
        self.assertEqual((self.line.unit, round(self.line.price, 2)), ("Units", 99.42))
        amounts = {name: round(amount, 2) for name, amount in self.seen.amounts.items()}
        self.assertEqual(amounts, {"untaxed": 198.85, "tax": 39.77, "total": 238.62})
        self.assertEqual((self.seen.currency, self.seen.terms), ("USD", "In 30 days"))
        self.assertEqual(self.seen.address, self.cart.partner_shipping_id.id)
        self.assertIn(self.seen.address, self.seen.addresses)

    def test_nothing_is_told_of_what_is_as_it_was(self):
        self.assertEqual(self._changes(), [])
        # Below what any page shows.
        self.assertEqual(self._changes_of_line(price=self.line.price + 1e-8), [])
        self.assertEqual(self._changes_of_line(quantity=2.0 + 1e-8), [])

    def test_line_gone(self):
        self.assertEqual(
            self._changes(lines=[self.line, GONE]), ["Washer is gone: 4 Units at $1.50 before."]
        )

    def test_line_added(self):
        self.assertEqual(self._changes(lines=[]), ["[0042] Bolt is new: 2 Units at $99.42."])

    def test_each_part_of_a_line(self):
        for values, before in (
            ({"quantity": 3.0}, "3 Units at $99.42"),
            ({"quantity": 0.5}, "0.5 Units at $99.42"),
            ({"unit": "Dozens"}, "2 Dozens at $99.42"),
            ({"price": 88.0}, "2 Units at $88.00"),
            ({"price": 0.0}, "2 Units at $0.00"),
            ({"name": "Screw"}, "2 Units at $99.42"),
        ):
            with self.subTest(values=values):
                self.assertEqual(
                    self._changes_of_line(**values),
                    [f"[0042] Bolt: {before} before, 2 Units at $99.42 now."],
                )

    def test_each_amount(self):
        for name, words in {
            "untaxed": "Untaxed amount: $1.00 before, $198.85 now.",
            "tax": "Taxes: $1.00 before, $39.77 now.",
            "total": "Total: $1.00 before, $238.62 now.",
        }.items():
            with self.subTest(amount=name):
                self.assertEqual(self._changes(amounts={**self.seen.amounts, name: 1.0}), [words])

    def test_amount_that_was_not_seen(self):
        amounts = {name: self.seen.amounts[name] for name in ("untaxed", "total")}
        self.assertEqual(self._changes(amounts=amounts), ["Taxes: – before, $39.77 now."])

    def test_currency_changes_every_amount(self):
        told = self._changes(currency="EUR")
        self.assertEqual(told[0], "Currency: EUR before, USD now.")
        self.assertEqual(
            told[1:],
            [
                "Untaxed amount: 198.85€ before, $198.85 now.",
                "Taxes: 39.77€ before, $39.77 now.",
                "Total: 238.62€ before, $238.62 now.",
            ],
        )

    def test_payment_terms(self):
        self.assertEqual(
            self._changes(terms="At once"), ["Payment terms: At once before, In 30 days now."]
        )
        self.assertEqual(self._changes(terms=""), ["Payment terms: – before, In 30 days now."])
        self.agreement.payment_term_id = False
        self.assertEqual(self._changes(), ["Payment terms: In 30 days before, – now."])

    def test_address_that_reads_otherwise(self):
        label = self.seen.addresses[self.seen.address]
        addresses = {**self.seen.addresses, self.seen.address: "Old road 1"}
        told = self._changes(addresses=addresses)
        self.assertIn(f"Delivery address: Old road 1 before, {label} now.", told)

    def test_addresses_that_are_not_chosen_do_not_matter(self):
        addresses = {**self.seen.addresses, 0: "Elsewhere"}
        self.assertEqual(self._changes(addresses=addresses), [])

    def test_chosen_address_explains_what_it_changes(self):
        chosen, other = "Chosen road 1", self.customer.id
        addresses = {**self.seen.addresses, other: chosen}
        amounts = {**self.seen.amounts, "tax": 1.0}
        self.assertEqual(self._changes(address=other, addresses=addresses), [])
        told = self._changes(address=other, addresses=addresses, amounts=amounts)
        label = self.seen.addresses[self.seen.address]
        self.assertEqual(
            told,
            [
                f"Delivery address: {chosen} before, {label} now.",
                "Taxes: $1.00 before, $39.77 now.",
            ],
        )

    def test_order_of_lines(self):
        self.cart._add_b2b_lines([(self.product_b, 1, self.product_b.uom_id)])
        self.seen = self.cart._get_b2b_statement()
        self.assertEqual(self._changes(), [])
        self.assertEqual(
            self._changes(lines=self.seen.lines[::-1]), ["The lines are in another order."]
        )

    def test_order_is_not_told_beside_other_changes(self):
        self.cart._add_b2b_lines([(self.product_b, 1, self.product_b.uom_id)])
        self.seen = self.cart._get_b2b_statement()
        first, second = self.seen.lines
        told = self._changes(lines=[second, replace(first, quantity=9.0)])
        self.assertEqual(told, ["[0042] Bolt: 9 Units at $99.42 before, 2 Units at $99.42 now."])

    def test_several_changes_are_told_one_by_one(self):
        told = self._changes(lines=[replace(self.line, quantity=1.0), GONE], terms="At once")
        self.assertEqual(
            [text.partition(":")[0] for text in told],
            ["[0042] Bolt", "Washer is gone", "Payment terms"],
        )

    def test_who_has_seen_nothing_is_told_all(self):
        told = self.cart._get_b2b_changes(Statement(), self.cart._get_b2b_today())
        self.assertEqual(
            [text.partition(":")[0] for text in told],
            [
                "[0042] Bolt is new",
                *("Currency", "Payment terms", "Delivery address"),
                *("Untaxed amount", "Taxes", "Total"),
            ],
        )

    def test_template_goes_nowhere(self):
        statement = self.template._get_b2b_statement()
        self.assertEqual((statement.address, statement.addresses), (0, {}))
        self.assertEqual(
            self.template._get_b2b_changes(statement, self.template._get_b2b_today()), []
        )

    def test_stored_statement_is_that_of_the_page(self):
        stored, page = self.cart._get_b2b_stored_statement(), self.seen
        self.assertEqual((stored.currency, stored.terms), (page.currency, page.terms))
        self.assertEqual([line.id for line in stored.lines], [line.id for line in page.lines])
        self.assertEqual(self.cart._get_b2b_changes(stored, self.cart._get_b2b_today()), [])
        self.product.list_price = 200
        told = self.cart._get_b2b_changes(
            self.cart._get_b2b_stored_statement(), self.cart._get_b2b_today()
        )
        self.assertEqual(len(told), 4, "the line and three amounts")

    def test_last_look_at_what_is_stored(self):
        self.cart._check_b2b_as_stated(self.seen)
        for values, word in (
            ({"terms": "At once"}, "Payment terms"),
            ({"currency": "EUR"}, "Currency"),
            ({"amounts": {**self.seen.amounts, "tax": 0.0}}, "Taxes"),
            ({"amounts": {}}, "Untaxed amount"),
        ):
            with self.subTest(values=values), self.assertRaisesRegex(UserError, word):
                self.cart._check_b2b_as_stated(replace(self.seen, **values))
        # The address was settled before.
        self.cart._check_b2b_as_stated(replace(self.seen, address=0, addresses={}))

    def test_words_in_the_language_of_the_buyer(self):
        for lang, words in {
            "pl_PL": "Kwota netto: ",
            "sl_SI": "Znesek brez DDV: ",
        }.items():
            self.env["res.lang"]._activate_lang(lang)
            cart = self.cart.with_context(lang=lang)
            seen = replace(cart._get_b2b_statement(), amounts={**self.seen.amounts, "untaxed": 1.0})
            [told] = cart._get_b2b_changes(seen, cart._get_b2b_today())
            self.assertTrue(told.startswith(words), told)


@tagged("post_install", "-at_install")
class TestStatementText(B2bOrderCommon):
    """The statement as a form carries it: it comes back as it was, or as nothing."""

    def setUp(self):
        super().setUp()
        self.statement = self.cart._get_b2b_statement()

    def test_comes_back_as_it_was(self):
        self.assertEqual(Statement.load(self.statement.dump()), self.statement)
        odd = replace(self.statement, terms='"<b>30 & ż"\n', addresses={7: "Łódź, ul. 'X'"})
        self.assertEqual(Statement.load(odd.dump()), odd)

    def test_each_part_is_needed(self):
        values = json.loads(self.statement.dump())
        for name in values:
            with self.subTest(name=name):
                part = {key: value for key, value in values.items() if key != name}
                self.assertEqual(Statement.load(json.dumps(part)), Statement())

    def test_each_part_of_a_line_is_needed(self):
        values = json.loads(self.statement.dump())
        whole = values["lines"][0]
        for place in range(len(whole)):
            with self.subTest(place=place):
                text = json.dumps({**values, "lines": [whole[:place] + whole[place + 1 :]]})
                self.assertEqual(Statement.load(text), Statement())

    def test_numbers_that_no_page_shows(self):
        values = json.loads(self.statement.dump())
        line_id, name, quantity, unit, price = values["lines"][0]
        for number in (1e12, -1e12, float("inf"), float("nan"), None, "x", [], {}):
            for broken in (
                {"amounts": {**values["amounts"], "tax": number}},
                {"lines": [[line_id, name, quantity, unit, number]]},
                {"lines": [[line_id, name, number, unit, price]]},
            ):
                with self.subTest(number=number, broken=list(broken)):
                    self.assertEqual(Statement.load(json.dumps({**values, **broken})), Statement())
