import io

import openpyxl

from odoo.tests import tagged

from odoo.addons.mail_delivery_retry.tests.common import WholeTables

from .common import PartNumberCommon

URL = "/my/b2b/part-numbers"


@tagged("post_install", "-at_install")
class TestPartNumberPages(WholeTables, PartNumberCommon):
    def setUp(self):
        super().setUp()
        self._login(self.buyer_user)

    def _routes(self, reference):
        gets = [URL, f"{URL}?list=1", f"{URL}.csv", f"{URL}/upload"]
        posts = [URL, f"{URL}/upload", f"{URL}/import", f"{URL}/rejected"]
        return gets, [*posts, f"{URL}/{reference.id}/save", f"{URL}/{reference.id}/delete"]

    def test_texts_that_no_database_takes_are_told(self):
        for sku, number in (("\x00", "Q"), ("0043\x00", "Q-1")):
            self.assertTrue(
                self._alerts(self._post(URL, {"sku": sku, "customer_product_reference": number}))
            )
        self.assertEqual(self._numbers(), {"0042": "X-1", "0043": "Q-1"})

    # === ACCESS === #

    def test_closed_to_others(self):
        gets, posts = self._routes(self.own)
        for user, where in ((None, "/web/login"), (self.retail_user, "/my/agreements?closed=none")):
            if user:
                self._login(user)
            else:
                self.authenticate(None, None)
            for call, urls in ((self._get, gets), (self._post, posts)):
                for url in urls:
                    with self.subTest(url=url, user=user and user.login):
                        response = call(url, allow_redirects=False)
                        self.assertIn(where, response.headers.get("Location", ""))
        self.assertEqual(self._numbers(), {"0042": "X-1"})

    def test_pages_lead_there_once_it_is_used(self):
        pages = ("/my/b2b", "/my/b2b/pricelist", "/my/b2b/quick-order", "/my/b2b/cart", "/my")

        def leading():
            self.env.flush_all()
            return {url for url in pages if URL in self._get(url).text}

        expected = {"/my/b2b/pricelist", "/my/b2b/quick-order"}
        self.assertEqual(leading(), expected)
        self.own.unlink()  # the rival's numbers do not count
        self.assertEqual(leading(), set(), "customers notice no difference")
        self.assertEqual(self._get(URL).status_code, 200, "the page is there all the same")
        self.company.b2b_part_numbers = True
        self.assertEqual(leading(), expected)

    def test_rival_changes_nothing_and_reads_nothing(self):
        self.own.customer_product_reference = "SECRET-1"
        self._login(self.rival_user)
        for action in ("save", "delete"):
            data = {"customer_product_reference": "stolen"}
            response = self._post(f"{URL}/{self.own.id}/{action}", data)
            self.assertIn("gone already", self._alerts(response)[0])
        self.assertEqual(self._numbers(), {"0042": "SECRET-1"})
        for url in (
            URL,
            f"{URL}?search=SECRE",
            f"{URL}.csv",
            "/my/b2b?search=SECRE",
            "/my/b2b/pricelist",
            "/my/b2b/pricelist.csv",
            "/my/b2b/suggest?search=SECRE",
        ):
            with self.subTest(url=url):
                self.assertNotIn("SECRET", self._get(url).text)

    def test_upload_of_a_colleague_of_another_company(self):
        kept = self._upload(b"sku;part number\n0043;N-1").url.partition("list=")[2]
        self._login(self.rival_user)
        response = self._post(f"{URL}/import", {"list": kept})
        self.assertIn("no longer kept", self._alerts(response)[0])
        self.assertEqual(self._numbers(self.rival), {"0043": "X-1"})

    # === ONE NUMBER === #

    def test_add_change_delete(self):
        self._post(URL, {"sku": "0043", "customer_product_reference": " N-1 "})
        self.assertEqual(self._numbers(), {"0042": "X-1", "0043": "N-1"})
        self._post(URL, {"sku": "0042", "customer_product_reference": "X-2"})
        self.assertEqual(self._numbers(), {"0042": "X-2", "0043": "N-1"})
        own = self.env["customer.product.reference"]._get_own(self.agreement)
        nut = own.filtered(lambda one: one.product_id == self.product_b)
        self._post(f"{URL}/{nut.id}/save", {"customer_product_reference": "N-3"})
        self.assertEqual(self._numbers()["0043"], "N-3")
        nut = self.env["customer.product.reference"]._get_own(self.agreement) - own
        response = self._post(f"{URL}/{nut.id}/delete")
        self.assertIn("deleted", self._alerts(response)[0])
        self.assertEqual(self._numbers(), {"0042": "X-2"})

    def test_rows_of_the_list_are_whole(self):
        """Also of articles without SKU and barcode."""
        self.own.product_id.write({"default_code": False, "barcode": False})
        self.env.flush_all()
        self.assertTablesAreWhole(self._get(URL).text)

    def test_bad_input_in_words(self):
        for data, words in (
            ({"sku": "nope", "customer_product_reference": "1"}, "Unknown"),
            ({"sku": "0043", "customer_product_reference": "x-1"}, "0042 has this part number"),
            ({"sku": "0043", "customer_product_reference": ""}, "missing"),
            ({"sku": "0043", "customer_product_reference": "y" * 101}, "too long"),
            ({"sku": "\x00", "customer_product_reference": "1"}, "Unknown"),
            ({}, "Unknown"),
        ):
            with self.subTest(data=data):
                self.assertIn(words, self._alerts(self._post(URL, data))[0])
        for url in (f"{URL}?page=x&search=%00", f"{URL}?list=999", f"{URL}?list=x"):
            self.assertEqual(self._get(url).status_code, 200)
        data = {"customer_product_reference": " "}
        response = self._post(f"{URL}/{self.own.id}/save", data)
        self.assertIn("missing", self._alerts(response)[0])

    def test_shown_in_shop_cart_template_and_list(self):
        for url in (
            "/my/b2b?search=X-1",
            "/my/b2b/cart",
            "/my/b2b/checkout",
            f"/my/b2b/templates/{self.template.id}",
            "/my/b2b/pricelist",
            "/my/b2b/pricelist.csv",
        ):
            with self.subTest(url=url):
                text = " ".join(self._get(url).text.split())
                self.assertIn("X-1", text)
                self.assertIn("Your part number", text)

    def test_order_page(self):
        self._place(self._get_cart())
        order = self.cart
        self.assertIn("X-1", self._get(f"/my/orders/{order.id}").text)

    # === FILES === #

    def _upload(self, content, name="numbers.csv"):
        return self._post(f"{URL}/upload", files={"upload": (name, content, "text/csv")})

    def test_what_a_workbook_hides_is_told(self):
        book = openpyxl.Workbook()
        for row in (["sku", "part number"], ["0042", "A-1"], ["0043", "B-1"]):
            book.active.append(row)
        book.active.row_dimensions[3].hidden = True
        book.create_sheet("More").append(["0043", "C-1"])
        content = io.BytesIO()
        book.save(content)
        text = " ".join(self._alerts(self._upload(content.getvalue(), "numbers.xlsx")))
        self.assertIn("Rows: 1.", text)
        self.assertIn("Hidden rows, not read: 1.", text)
        self.assertIn("Other sheets, not read: More.", text)

    def test_own_download_comes_back(self):
        content = self._get(f"{URL}.csv").content
        self.assertIn(b"0042;Bolt;X-1", content)
        page = self._page(self._upload(content.replace(b"X-1", b"X-9")))
        self.assertIn("Until now: X-1", " ".join(page.text_content().split()))
        list_id = page.xpath("//form[contains(@action, 'import')]//input[@name='list']/@value")[0]
        self._post(f"{URL}/import", {"list": list_id})
        self.assertEqual(self._numbers(), {"0042": "X-9"})

    def test_rejected_rows_come_back(self):
        response = self._upload(b"sku;part number\nnope;1\n0043;N-1")
        list_id = response.url.partition("list=")[2]
        rejected = self._post(f"{URL}/rejected", {"list": list_id})
        self.assertIn(b"sku;part number;reason", rejected.content)
        self.assertIn(b"nope;1;", rejected.content)
        response = self._upload(rejected.content.replace(b"nope", b"0042"))
        self.assertIn("To be saved: 1", " ".join(self._alerts(response)))
        self._post(f"{URL}/import", {"list": list_id})
        self.assertEqual(self._numbers(), {"0042": "X-1", "0043": "N-1"})

    def test_number_that_a_spreadsheet_cut_short_is_told(self):
        page = self._page(self._upload(b"sku;part number\n0043;5,9E+12"))
        self.assertIn("The number was cut short", page.text_content())

    def test_refused_files(self):
        for content, words in (
            (b"", "no rows"),
            (b"%PDF-1.4", "cannot be read"),
            (b"a;b;c\n1;2;3", "name the columns"),
        ):
            with self.subTest(content=content):
                self.assertIn(words, " ".join(self._alerts(self._upload(content))))
        response = self._post(f"{URL}/upload")
        self.assertIn("choose a file", self._alerts(response)[0])

    def test_formulas_are_guarded(self):
        self.own.customer_product_reference = "=1+1"
        self.assertIn(b"'=1+1", self._get(f"{URL}.csv").content)

    def test_shop_takes_one_query_more(self):
        products = self.env["product.product"].create(
            [{"name": f"P{n}", "default_code": f"Q{n}"} for n in range(12)]
        )
        counts = []
        for size in (2, 12):
            with self._count_queries() as count:
                products[:size]._get_b2b_customer_codes(self.customer)
            counts += count
        self.assertEqual(counts[0], counts[1])
        self.assertLessEqual(counts[1], 1)

    def test_list_queries_do_not_grow(self):
        counts = []
        for size in (3, 40):
            products = self.env["product.product"].create(
                [{"name": f"P{n}", "default_code": f"Z{size}-{n}"} for n in range(size)]
            )
            for n, product in enumerate(products):
                self._create_number(product, f"{size}-{n}")
            self._get(URL)
            before = self._get_query_count()
            self._get(URL)
            counts.append(self._get_query_count() - before)
        self.assertNoMoreQueries(*counts)

    def _get_query_count(self):
        return self.env.cr.sql_log_count
