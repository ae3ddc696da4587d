from odoo.tests import tagged

from ..rule_book import RuleBook
from .pricing_common import PricingCommon


@tagged("post_install", "-at_install")
class TestRuleBook(PricingCommon):
    """Rules stand where the products that they fit look for them."""

    def _get_candidates(self, product):
        book = RuleBook(self.pricelist)
        book.learn(product)
        return book.candidates(product.sudo())

    def test_order_of_precedence_is_core_s(self):
        rules = [
            self._create_rule(percent_price=1, applied_on="3_global"),
            self._create_rule(percent_price=2, categ_id=self.product.categ_id.id),
            self._create_rule(percent_price=3, product_tmpl_id=self.product.product_tmpl_id.id),
            self._create_rule(percent_price=4, product_id=self.product.id),
            self._create_rule(percent_price=5, product_id=self.product.id, min_quantity=5),
        ]
        self._create_rule(percent_price=6, product_id=self.product_b.id)
        self.assertEqual(self._get_candidates(self.product), rules[::-1])
        # The only variant's rules are its template's as well.
        self.assertEqual(self._get_candidates(self.product.product_tmpl_id), rules[::-1])

    def test_rules_of_categories_above_fit(self):
        top, other = self.env["product.category"].create([{"name": "Top"}, {"name": "Other"}])
        below = self.env["product.category"].create({"name": "Below", "parent_id": top.id})
        self.product.categ_id = below
        rule = self._create_rule(percent_price=5, categ_id=top.id)
        self._create_rule(percent_price=9, categ_id=other.id)
        self.assertEqual(self._get_candidates(self.product), [rule])
        self.product.categ_id = False
        self.assertEqual(self._get_candidates(self.product), [])

    def test_book_learns_more_products(self):
        rule, rule_b = (
            self._create_rule(percent_price=5, product_id=product.id)
            for product in (self.product, self.product_b)
        )
        book = RuleBook(self.pricelist)
        book.learn(self.product)
        self.assertFalse(book.knows(self.product_b))
        book.learn(self.product_b)
        self.assertTrue(book.knows(self.product | self.product_b))
        self.assertEqual(book.candidates(self.product), [rule])
        self.assertEqual(book.candidates(self.product_b), [rule_b])
        # A template is no variant that happens to have its id.
        self.assertFalse(book.knows(self.product.product_tmpl_id.browse(self.product.id)))
