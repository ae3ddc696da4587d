from odoo.tests import tagged

from odoo.addons.b2b_pricelist.tests.common import B2bCommon


@tagged("post_install", "-at_install")
class TestShopSearch(B2bCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.screw = cls._create_product(
            name="Śruba łącząca 5%", default_code="SR-0815", barcode="5901234123457"
        )
        cls.hammer = cls._create_product(name="Hammer drill", default_code="HD_1")

    def _search(self, text, **kwargs):
        Product = self.env["product.product"].sudo()
        return Product._search_b2b_shop(self.company, text, **kwargs)

    def _assert_finds(self, text, product, guessed=False):
        products, _total, was_guessed = self._search(text)
        self.assertIn(product, products, text)
        self.assertEqual(was_guessed, guessed, text)

    def test_finds(self):
        for text in ("śruba", "SRUBA", "sruba laczaca", "laczaca śru", "sr-08", "5901234123457"):
            self._assert_finds(text, self.screw)
        self._assert_finds("5%", self.screw)
        self._assert_finds("hd_1", self.hammer)

    def test_wildcards_are_plain_characters(self):
        self.assertNotIn(self.hammer, self._search("%")[0])
        self.assertNotIn(self.screw, self._search("_")[0])

    def test_small_typos(self):
        for text in ("hamer", "hammmer dril", "hamemr"):
            self._assert_finds(text, self.hammer, guessed=True)
        self._assert_finds("srubaa", self.screw, guessed=True)

    def test_nonsense_finds_nothing(self):
        self.assertEqual(self._search("qqqqxyz")[1], 0)

    def test_exact_code_comes_first(self):
        self._create_product(name="A box for HD_1", default_code="BOX")
        self._create_product(name="A bag for HD_1", default_code=False)
        self.assertEqual(self._search("hd_1")[0][0], self.hammer)

    def test_pages(self):
        for text in ("", "bolt x"):
            self._create_product(name="Bolt xa")
            self._create_product(name="Bolt xb")
            everything, total, _guessed = self._search(text)
            pages = [self._search(text, offset=offset, limit=1)[0] for offset in range(total)]
            self.assertEqual([page.id for page in pages], everything.ids)

    def test_category(self):
        parent = self.env["product.category"].create({"name": "Tools"})
        child = self.env["product.category"].create({"name": "Drills", "parent_id": parent.id})
        self.hammer.categ_id = child
        self.assertEqual(self._search("", category_id=parent.id)[0], self.hammer)
        self.assertEqual(self._search("ham", category_id=parent.id)[0], self.hammer)
        self.assertFalse(self._search("sruba", category_id=parent.id)[0])

    def test_codes(self):
        Product = self.env["product.product"].sudo()
        found = Product._find_b2b_codes(self.company, ["sr-0815", "5901234123457", "SR", "815"])
        self.assertEqual(set(found), {"sr-0815", "5901234123457"})
        self.assertEqual(found["sr-0815"], self.screw)
        self.hammer.barcode = "sr-0815"
        found = Product._find_b2b_codes(self.company, ["SR-0815"])
        self.assertEqual(found["sr-0815"], self.screw | self.hammer)
