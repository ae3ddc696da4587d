from contextlib import ExitStack, contextmanager
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import SQL

from ..search_text import CODES, NAMES, fold_sql
from .pages import B2bPageCommon

PRODUCT = "odoo.addons.b2b_portal.models.product_product"
SHOP = "odoo.addons.b2b_portal.controllers.shop"
# Where the names of limits are used.
PLACES = {
    "COUNT_LIMIT": (f"{PRODUCT}.categories", f"{PRODUCT}.search", SHOP),
    "CATEGORY_LIMIT": (f"{PRODUCT}.categories",),
    "NEAR_LIMIT": (f"{PRODUCT}.search",),
    "TYPO_LIMIT": (f"{PRODUCT}.search",),
    "PRODUCTS_PER_PAGE": (SHOP,),
}


@contextmanager
def limits(**values):
    """Make the shop small, so that few products are many."""
    with ExitStack() as stack:
        for name, value in values.items():
            for place in PLACES[name]:
                stack.enter_context(patch(f"{place}.{name}", value))
        yield


class ShopSizeCommon(B2bPageCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Nothing but what a test makes is sold.
        cls.env["product.product"].search([]).write({"sale_ok": False})
        Category = cls.env["product.category"]
        cls.root = Category.create({"name": "Size root"})
        cls.screws = Category.create({"name": "Screws", "parent_id": cls.root.id})
        cls.small = Category.create({"name": "Small ones", "parent_id": cls.screws.id})
        cls.nuts = Category.create({"name": "Nuts", "parent_id": cls.root.id})
        cls.empty = Category.create({"name": "Nothing", "parent_id": cls.root.id})
        cls.made = cls.env["product.product"]
        for index, category in enumerate(3 * [cls.screws] + 3 * [cls.small] + 2 * [cls.nuts]):
            cls.made += cls._create_product(
                name=f"Śruba {index}", default_code=f"SZ-{index}", categ_id=category.id
            )
        cls.env.flush_all()

    def _products(self):
        return self.env["product.product"].sudo().with_company(self.company)

    def _search(self, text, **kwargs):
        return self._products()._search_b2b_shop(self.company, text, **kwargs)

    def _categories(self, category=None):
        Product = self._products()
        domain = Product._get_b2b_shop_domain(self.company)
        return Product._get_b2b_categories(domain, category and category.id)


@tagged("post_install", "-at_install")
class TestShopCounts(ShopSizeCommon):
    def test_few_products_are_counted(self):
        found = self._categories()
        self.assertEqual(found["category_total"], 8)
        counted = [(category, count) for category, count, _limit in found["categories"]]
        self.assertEqual(counted, [(self.nuts, 2), (self.screws, 6)])

    def test_categories_are_the_same_when_not_all_is_counted(self):
        for category in (None, self.root, self.screws, self.small, self.nuts, self.empty):
            with self.subTest(category=category and category.name):
                exact = self._categories(category)
                with limits(COUNT_LIMIT=3, CATEGORY_LIMIT=2):
                    bounded = self._categories(category)
                for name in ("category", "category_path"):
                    self.assertEqual(bounded[name], exact[name])
                self.assertEqual(
                    [one[:2] for one in bounded["categories"]],
                    [(one, min(count, 3)) for one, count, _limit in exact["categories"]],
                )

    def test_a_category_without_products_of_the_shop_is_none(self):
        self.made.filtered(lambda one: one.categ_id == self.nuts).sale_ok = False
        self.env.flush_all()
        with limits(COUNT_LIMIT=3, CATEGORY_LIMIT=2):
            self.assertFalse(self._categories(self.nuts)["category"])
            nowhere = self.env["product.category"].browse(10**8)
            self.assertFalse(self._categories(nowhere)["category"])
            below = [one for one, _count, _limit in self._categories()["categories"]]
            self.assertNotIn(self.nuts, below)

    def test_what_is_not_counted_is_said(self):
        self._login(self.buyer_user)
        text = " ".join(self._page(self._get("/my/b2b")).text_content().split())
        self.assertIn("Products: 8.", text)
        with limits(COUNT_LIMIT=3, CATEGORY_LIMIT=2, PRODUCTS_PER_PAGE=2):
            page = self._page(self._get("/my/b2b"))
            text = " ".join(page.text_content().split())
            self.assertIn("Products: 3+.", text)
            self.assertRegex(text, r"Screws\s*2\+")
            self.assertRegex(text, r"Nuts\s*2\b(?!\+)")
            response = self._get("/my/b2b", params={"search": "sruba"})
            self.assertIn("Products: 3+.", " ".join(self._page(response).text_content().split()))
            response = self._get("/my/b2b", params={"category": self.screws.id})
            self.assertIn("Products: 3+.", " ".join(self._page(response).text_content().split()))

    def test_every_product_is_on_a_page(self):
        self._login(self.buyer_user)
        for search in ("", "sruba"):
            seen = []
            with limits(COUNT_LIMIT=3, CATEGORY_LIMIT=2, NEAR_LIMIT=0, PRODUCTS_PER_PAGE=2):
                address = "/my/b2b"
                for _page in range(6):
                    page = self._page(self._get(address, params={"search": search}))
                    seen += page.xpath("//article//h2/a/text()")
                    number = len(seen) // 2 + 1
                    links = page.xpath(f"//a[contains(@href, '/my/b2b/page/{number}')]")
                    if not links:
                        break
                    address = f"/my/b2b/page/{number}"
            self.assertEqual(seen, self.made.mapped("name"), search)

    def test_queries_do_not_grow_with_what_is_not_counted(self):
        self._login(self.buyer_user)
        for address in ("/my/b2b", "/my/b2b?search=sruba", "/my/b2b/suggest?search=sruba"):
            counts = []
            with limits(COUNT_LIMIT=3, CATEGORY_LIMIT=2, NEAR_LIMIT=2, PRODUCTS_PER_PAGE=4):
                for size in range(2):
                    for index in range(20 * size):
                        self._create_product(
                            name=f"Śruba {address} {index}",
                            default_code=f"SZ-X{size}{index}",
                            categ_id=self.small.id,
                        )
                    self.env.flush_all()
                    self._get(address)
                    with self._count_queries() as queries:
                        self._get(address)
                    counts.append(queries[0])
            self.assertNoMoreQueries(*counts)


@tagged("post_install", "-at_install")
class TestSearchByIndexes(ShopSizeCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.odd = cls._create_product(
            name='Rohr 3" \\ 50% x_y „Größe“', default_code="R'3", barcode="4711000000001"
        )
        cls.env.flush_all()

    def test_found_is_the_same_by_each_way(self):
        for text in (
            *("sruba", "śruba 3", "SZ-", "sz-4", "a 5", "r", "x_y", "50%", '3"', "\\", "r'3"),
            *("grosse", "4711", "rohr größe", "sruba rohr", "zz", "%%%", "___", '"""', "y „g"),
        ):
            with self.subTest(text=text):
                every = [
                    product
                    for product, folded in self._folded().items()
                    if all(
                        word in folded for word in self._products()._fold_b2b_search(text).split()
                    )
                ]
                self.patch(self.env.registry, "has_trigram", False)
                plain = self._search(text, limit=50)
                self.patch(self.env.registry, "has_trigram", True)
                self.assertEqual(set(plain[0].ids) if not plain[2] else set(), set(every))
                self.assertEqual(self._search(text, limit=50), plain)
                with limits(NEAR_LIMIT=0):
                    self.assertEqual(self._search(text, limit=50), plain)
                with limits(NEAR_LIMIT=0, COUNT_LIMIT=0):
                    products, total, guessed = self._search(text, limit=50)
                    self.assertEqual(set(products.ids), set(plain[0].ids))
                    self.assertFalse(guessed and every)
                    self.assertTrue(total <= plain[1])

    def _folded(self):
        Product = self._products()
        table = Product._get_b2b_folded_sql(Product._get_b2b_shop_domain(self.company))
        return dict(self.env.execute_query(SQL("SELECT t.id, t.folded FROM %s", table)))

    def test_the_very_code_comes_first_of_many(self):
        last = self._create_product(name="Of code sz-1", default_code="AA", categ_id=self.nuts.id)
        self.env.flush_all()
        with limits(NEAR_LIMIT=0, COUNT_LIMIT=0):
            self.assertEqual(self._search("sz-1", limit=1)[0], self.made[1])
            self.assertEqual(self._search("sz-1", offset=1, limit=5)[0], last)
            self.assertEqual(self._search("sz-1", limit=5)[0], self.made[1] + last)

    def test_slips_of_the_finger_in_a_large_shop(self):
        hammer = self._create_product(name="Hammer drill", default_code="HD")
        self.env.flush_all()
        with limits(TYPO_LIMIT=1):
            for text in ("hamer", "hammmer dril", "hamemr"):
                with self.subTest(text=text):
                    found, _total, guessed = self._search(text)
                    self.assertEqual((found, guessed), (hammer, True))

    def test_what_is_looked_up_has_an_index(self):
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        for table, column, index in (
            ("product_template", NAMES, "product_template_b2b_names_folded_idx"),
            ("product_product", CODES, "product_product_b2b_codes_folded_idx"),
        ):
            rows = self.env.execute_query(
                SQL(
                    "EXPLAIN SELECT id FROM %s WHERE %s LIKE %s",
                    *(SQL.identifier(table), fold_sql(SQL(column)), "%sruba%"),
                )
            )
            self.assertIn(index, "\n".join(row for (row,) in rows))

    def test_codes_have_an_index(self):
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        with self.capture_queries() as queries:
            self._products()._find_b2b_codes(self.company, ["sz-1"])
        asked = next(one for one in queries if "btrim" in one)
        plan = "\n".join(row for (row,) in self.env.execute_query(SQL("EXPLAIN %s", SQL(asked))))
        self.assertIn("product_product_b2b_default_code_idx", plan)
        # Of few barcodes, the index of those that are not empty does as well.
        self.assertNotIn("Seq Scan on product_product p", plan)

    @contextmanager
    def capture_queries(self):
        seen = []
        execute_query = type(self.env).execute_query

        def remember(env, query):
            seen.append(env.cr.mogrify(query.code, query.params).decode().replace("%", "%%"))
            return execute_query(env, query)

        with patch.object(type(self.env), "execute_query", remember):
            yield seen


@tagged("post_install", "-at_install")
class TestSuggestions(ShopSizeCommon):
    def _suggest(self, text):
        return [
            one["sku"]
            for one in self._get(
                "/my/b2b/suggest", params={"search": text}, allow_redirects=False
            ).json()["products"]
        ]

    def test_suggested_is_what_the_shop_sells(self):
        other = self.env["res.company"].create({"name": "Other seller"})
        hidden = self._create_product(name="Śruba hidden", default_code="SZ-HIDDEN")
        foreign = self._create_product(name="Śruba foreign", default_code="SZ-FOREIGN")
        hidden.sale_ok = False
        foreign.company_id = other
        self.env.flush_all()
        self._login(self.buyer_user)
        own = self.made.mapped("default_code")
        for near in (1000, 0):
            with self.subTest(near=near), limits(NEAR_LIMIT=near):
                self.assertEqual(self._suggest("sruba"), own)
                self.assertEqual(self._suggest("sz-3"), ["SZ-3"])
                self.assertEqual(self._suggest("sz"), own)
                self.assertEqual(self._suggest("hidden"), [])
                self.assertEqual(self._suggest("foreign"), [])
                self.assertEqual(self._suggest("s"), [])

    def test_suggestions_in_another_language_are_no_way_to_another_address(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        self.made[0].with_context(lang="pl_PL").name = "Wkręt"
        self.buyer_user.lang = "pl_PL"
        self.env.flush_all()
        self._login(self.buyer_user)
        self.opener.cookies.set("frontend_lang", "pl_PL")
        self.assertEqual(self._suggest("wkret"), ["SZ-0"])
