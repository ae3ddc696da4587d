from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user, tagged

from .common import B2bCommon


@tagged("post_install", "-at_install")
class TestPriceExplanation(B2bCommon):
    """ "Price for a customer" on the product form."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agreement = cls._create_signed_agreement()
        cls.product.b2b_discount = 20
        cls.rule = cls._create_rule(percent_price=10)
        cls._create_rule(percent_price=36, min_quantity=10)

    def _open(self, record=None, user=None):
        record = record or self.product.product_tmpl_id
        action = self.env.ref("b2b_pricelist.b2b_price_explanation_action")
        wizard = self.env[action.res_model].with_user(user or self.seller_user)
        return Form(
            wizard.with_context(lang="en_US", active_model=record._name, active_id=record.id)
        )

    def _explain(self, quantity=1, partner=None, **kwargs):
        form = self._open(**kwargs)
        form.partner_id = partner or self.customer
        form.quantity = quantity
        return form

    def test_seller_reads_what_the_customer_pays_and_why(self):
        form = self._explain()
        self.assertEqual(form.product_id, self.product)
        self.assertEqual(form.pricelist_id, self.pricelist)
        self.assertEqual(form.agreement_id, self.agreement)
        for words in (r"110[.,]47", r"88[.,]38", r"−20%", "B2B discount of the product"):
            self.assertRegex(form.explanation, words)
        # the rule that lost, and the quantity at which one wins
        self.assertRegex(form.explanation, r"Not applied.*Pricelist rule for .*99[.,]42")
        self.assertRegex(form.explanation, r"Next quantity break.*from 10 .*70[.,]70")

    def test_quantity_decides_which_rule_is_named(self):
        form = self._explain(quantity=10)
        self.assertRegex(form.explanation, r"Price \(untaxed\).*70[.,]70")
        self.assertIn("from quantity 10", form.explanation)
        self.assertIn("the rule is lower", form.explanation)
        self.assertNotIn("Next quantity break", form.explanation)

    def test_price_policy_is_named_when_it_costs_the_customer(self):
        self.company.b2b_price_policy = "product_first"
        form = self._explain(quantity=10)
        self.assertRegex(form.explanation, r"88[.,]38")
        self.assertIn("Product discount first", form.explanation)

    def test_customer_without_agreement_pays_the_sales_price(self):
        form = self._explain(partner=self.rival)
        self.assertFalse(form.agreement_id)
        self.assertIn("Sales price, no agreed discount", form.explanation)
        self.assertIn("it counts on B2B pricelists only", form.explanation)
        self.assertNotRegex(form.explanation, r"88[.,]38")

    def test_price_is_that_of_an_order_line(self):
        for product, quantity in ((self.product, 1), (self.product, 12), (self.product_b, 3)):
            line = self._create_order([(product, quantity)]).order_line
            wizard = self.env["b2b.price.explanation"].new(
                {"product_id": product.id, "partner_id": self.customer.id, "quantity": quantity}
            )
            self.assertEqual(wizard._get_price(wizard._get_pricer()).subtotal, line.price_subtotal)

    def test_rounding_of_the_amount_is_no_price_by_hand(self):
        """Two of 99.423 are 198.85, and half of that is 99.43."""
        self.product.b2b_discount = 10
        line = self._create_order([(self.product, 2)]).order_line
        line = line.with_context(lang="en_US")
        self.assertAlmostEqual(line.price_reduce_taxexcl, 99.43)
        self.assertNotIn("On this line", line.action_explain_b2b_price()["params"]["message"])
        line.price_unit = 99.43
        line.discount = 0
        message = line.action_explain_b2b_price()["params"]["message"]
        self.assertRegex(message, r"On this line: .*99[.,]43")

    def test_contact_of_the_customer_gets_the_same_price(self):
        contact = self.buyer_user.partner_id
        self.assertEqual(self._explain(partner=contact).explanation, self._explain().explanation)

    def test_large_quantities_are_written_out(self):
        """1,000,000 read "1e+06"."""
        self._create_rule(percent_price=50, min_quantity=1_000_000)
        form = self._explain(quantity=1_000_000)
        self.assertIn("from quantity 1,000,000", form.explanation)
        self.assertRegex(form.explanation, r"<td>1,000,000 Units</td><td[^>]*>[^<]*55[.,]24")
        self.assertNotIn("e+", form.explanation)

    def test_fractions_of_discounts_and_quantities_are_written_out(self):
        self.product.b2b_discount = 12.5
        self._create_rule(percent_price=15, min_quantity=2.5)
        form = self._explain(quantity=2.5)
        self.assertIn("from quantity 2.5", form.explanation)
        self.assertIn("(12.5%)", form.explanation)

    def test_steps_say_what_gives_each_of_them(self):
        self.rule.percent_price = 0
        form = self._explain()
        steps = form.explanation.split("From quantity")[1]
        self.assertRegex(steps, r"<td>1 Units</td>.*B2B discount of the product")
        self.assertRegex(steps, r"<td>10 Units</td>.*70[.,]70.*Pricelist rule for")

    def test_product_that_costs_the_same_in_any_quantity_has_no_steps(self):
        self.company.b2b_price_policy = "product_first"
        self.assertNotIn("From quantity", self._explain().explanation)

    def test_plain_list_names_the_discount_that_does_not_count(self):
        plain = self._create_pricelist(name="Plain", is_b2b=False)
        self._create_rule(pricelist_id=plain.id, percent_price=5)
        self.rival.property_product_pricelist = plain
        form = self._explain(partner=self.rival)
        self.assertEqual(form.pricelist_id, plain)
        self.assertRegex(form.explanation, r"104[.,]95")
        self.assertIn("it counts on B2B pricelists only", form.explanation)

    def test_unit_decides_the_quantity(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        # The field is on the form where units are in use only.
        wizard = self.env["b2b.price.explanation"].with_context(lang="en_US")
        values = {"product_id": self.product.id, "partner_id": self.customer.id}
        explanation = wizard.new({**values, "uom_id": dozen.id}).explanation
        self.assertRegex(explanation, rf"Price \(untaxed\).*848[.,]41.* per {dozen.name}")
        self.assertNotIn("Next quantity break", explanation)

    def test_nothing_is_said_before_a_customer_is_chosen(self):
        form = self._open()
        self.assertFalse(form.explanation)

    def test_variant_form_opens_its_own_variant(self):
        form = self._explain(record=self.product_b)
        self.assertEqual(form.product_id, self.product_b)

    def test_only_sellers_may_ask(self):
        clerk = new_test_user(self.env, "b2b_no_seller", groups="base.group_user")
        for user in (clerk, self.buyer_user, self.rival_user, self.retail_user):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.env["b2b.price.explanation"].with_user(user).create(
                    {"product_id": self.product.id, "partner_id": self.customer.id}
                )

    def test_seller_of_another_company_learns_nothing(self):
        stranger = self._create_seller_elsewhere()
        # A shared product and customer: the agreement is the other company's alone.
        form = self._explain(user=stranger)
        self.assertFalse(form.agreement_id)
        self.assertNotRegex(form.explanation, r"88[.,]38")
        self.product.company_id = self.company
        self.customer.company_id = self.company
        wizard = self.env["b2b.price.explanation"].with_user(stranger)
        values = {"product_id": self.product.id, "partner_id": self.customer.id}
        for name, other in (("product_id", self.product_b), ("partner_id", self.rival)):
            vals = {**values, name: other.id}
            with self.subTest(readable=name), self.assertRaises(AccessError):
                wizard.create(vals).read(["explanation"])
            with self.subTest(readable=name, by="onchange"), self.assertRaises(AccessError):
                wizard.onchange(vals, list(vals), {"explanation": {}, **dict.fromkeys(vals, {})})
