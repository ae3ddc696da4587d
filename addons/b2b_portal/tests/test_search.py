from odoo.tests import tagged
from odoo.tools import SQL

from ..search_text import fold_search, fold_sql
from .pages import B2bPageCommon

# A text and what is compared of it.
FOLDED = {
    "": "",
    "Bolt M8": "bolt m8",
    "ŚRUBA ŁĄCZĄCA": "sruba laczaca",
    "Zażółć gęślą jaźń": "zazolc gesla jazn",
    "ČŠŽ ćđ": "csz cd",
    "Größe STRASSE straße": "grosse strasse strasse",
    "ẞ": "ss",
    "Ærø Œuvre": "aero oeuvre",
    "Háček": "hacek",
    "Ħal Għaxaq": "hal ghaxaq",
    "Iı": "ii",
    "10 m² 5 m³": "10 m2 5 m3",
    "№ 5": "no 5",
    "Ⅷ": "viii",
    "ﬁlter": "filter",
    "Ｍ８": "m8",
    "ΟΔΟΣ Βίδα": "οδοσ βιδα",
    "Ёлка": "елка",
    "ốc vít": "oc vit",
    # As the keyboard of a Mac sends it: letter and accent apart.
    "S\u0301ruba": "sruba",
}


@tagged("post_install", "-at_install")
class TestFolding(B2bPageCommon):
    """What is typed on any keyboard finds what is written in any language."""

    def _fold_sql(self, text):
        [(folded,)] = self.env.execute_query(
            SQL("SELECT %s FROM (SELECT %s::text AS text) t", fold_sql(SQL("text")), text)
        )
        return folded

    def _names(self, text, **kwargs):
        Product = self.env["product.product"].sudo()
        found, _total, guessed = Product._search_b2b_shop(self.company, text, **kwargs)
        self.assertFalse(guessed, text)
        return set(found.mapped("name"))

    def test_each_text_is_folded_to_one(self):
        for text, folded in FOLDED.items():
            with self.subTest(text=text):
                self.assertEqual(fold_search(text), folded)
                self.assertEqual(self._fold_sql(text), folded)

    def test_folding_twice_changes_nothing(self):
        for folded in FOLDED.values():
            with self.subTest(folded=folded):
                self.assertEqual(fold_search(folded), folded)
                self.assertEqual(self._fold_sql(folded), folded)

    def test_letters_that_differ_stay_apart(self):
        for first, second in (
            ("bolt", "bolz"),
            ("m8", "m6"),
            ("и", "н"),
            ("5%", "5"),
            ("a-b", "ab"),
        ):
            self.assertNotEqual(fold_search(first), fold_search(second))

    def test_typed_otherwise(self):
        for name, *typed in (
            ("Śruba łącząca", "sruba laczaca", "ŚRUBA", "LACZACA", "śrubą", "S\u0301ruba"),
            ("Größe L", "grosse", "GRÖSSE", "große", "Grosse l"),
            ("Ærøskøbing", "aeroskobing", "ÆRØSKØBING"),
            ("Rura 5 m²", "rura 5 m2", "M²", "5 M2"),
            ("Ёмкость", "емкость", "ЁМКОСТЬ"),
        ):
            self._create_product(name=name, default_code=False)
            for text in typed:
                with self.subTest(name=name, text=text):
                    self.assertIn(name, self._names(text))

    def test_every_word_is_needed(self):
        self._create_product(name="Śruba długa M8", default_code="SD8")
        self._create_product(name="Śruba krótka M8", default_code="SK8")
        self.assertEqual(self._names("sruba m8"), {"Śruba długa M8", "Śruba krótka M8"})
        self.assertEqual(self._names("m8 dluga"), {"Śruba długa M8"})
        self.assertEqual(self._names("sruba sk8"), {"Śruba krótka M8"})

    def test_what_is_not_sold_is_not_found(self):
        product = self._create_product(name="Żółta śruba", default_code=False)
        self.assertEqual(self._names("zolta"), {"Żółta śruba"})
        product.sale_ok = False
        self.env.flush_all()
        Product = self.env["product.product"].sudo()
        self.assertNotIn(product, Product._search_b2b_shop(self.company, "zolta")[0])

    def test_name_in_the_language_of_the_reader(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        self.product.with_context(lang="pl_PL").name = "Wkręt żółty"
        Product = self.env["product.product"].sudo().with_context(lang="pl_PL")
        self.assertIn(self.product, Product._search_b2b_shop(self.company, "wkret zolty")[0])

    def test_page_and_suggestions_find_the_same(self):
        product = self._create_product(name="Żółta śruba", default_code="ZS")
        self.env.flush_all()
        self._login(self.buyer_user)
        for text in ("zolta sruba", "ŻÓŁTA", "zs"):
            with self.subTest(text=text):
                self.assertIn(product.name, self._get("/my/b2b", params={"search": text}).text)
                answer = self._get("/my/b2b/suggest", params={"search": text})
                self.assertIn(product.name, str(answer.json()))
