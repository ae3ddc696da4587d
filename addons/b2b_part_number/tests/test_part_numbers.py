from unittest.mock import patch

from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.mail_delivery_retry.tests.common import Race

from ..part_number_file import PartNumberRow
from .common import PartNumberCommon


@tagged("post_install", "-at_install")
class TestPartNumbers(PartNumberCommon):
    # === THE MODEL === #

    def test_numbers_belong_to_the_company(self):
        own = self._create_number(self.product_b, "  b\n2 ", partner=self.buyer_user.partner_id)
        self.assertEqual(own.partner_id, self.customer)
        self.assertEqual(own.customer_product_reference, "b 2")

    def test_one_number_is_one_article(self):
        for product, number in ((self.product_b, "x-1"), (self.product, "other")):
            with (
                self.subTest(number=number),
                self.assertRaises(UniqueViolation),
                mute_logger("odoo.sql_db"),
                self.cr.savepoint(),
            ):
                self._create_number(product, number)

    def test_empty_and_endless_numbers_are_refused(self):
        for number in ("", " \n", "x" * 101):
            with self.subTest(number=number), self.assertRaises(UserError):
                self._create_number(self.product_b, number)
        with self.assertRaises(UserError):
            self.own.customer_product_reference = " "

    def test_seller_imports_by_names(self):
        Reference = self.env["customer.product.reference"].with_user(self.seller_user)
        result = Reference.load(
            ["partner_id", "product_id", "customer_product_reference"],
            [["Buyer Ltd", "0043", "N-9"]],
        )
        self.assertTrue(result["ids"], result["messages"])
        self.assertEqual(self._numbers(), {"0042": "X-1", "0043": "N-9"})

    def test_nobody_else_has_rights(self):
        for user in (self.buyer_user, self.rival_user, self.retail_user):
            Reference = self.env["customer.product.reference"].with_user(user)
            for call in (
                lambda Reference=Reference: Reference.search([]),
                lambda Reference=Reference: Reference.browse(self.own.id).read(),
                lambda Reference=Reference: Reference.create({}),
                lambda Reference=Reference: Reference.browse(self.own.id).unlink(),
                lambda Reference=Reference: Reference.env["b2b.part.number.list"].search([]),
            ):
                with self.subTest(user=user.login), self.assertRaises(AccessError):
                    call()

    def test_customers_of_another_company_are_not_seen(self):
        """The product is everybody's, the customer is not."""
        stranger = self._create_seller_elsewhere()
        self.assertFalse(self.product.company_id)
        self.customer.company_id = self.company
        references = self.env["customer.product.reference"].with_user(stranger)
        self.assertEqual(references.search([]) & (self.own | self.rivals), self.rivals)
        with self.assertRaises(AccessError):
            references.browse(self.own.id).read(["partner_id"])

    def test_merged_customers_keep_what_does_not_clash(self):
        nut = self._create_product(name="Washer", default_code="0044")
        self._create_number(nut, "W", partner=self.rival)
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard._update_foreign_keys(self.rival, self.customer)
        self.assertEqual(self._numbers(), {"0042": "X-1", "0044": "W"})

    # === FOUND AND SHOWN === #

    def _evaluate(self, text, user=None, agreement=None):
        QuickOrder = self.env["b2b.quick.order"].with_user(user or self.buyer_user)
        return QuickOrder._evaluate(agreement or self.agreement, QuickOrder._parse(text=text))

    def test_quick_order_knows_own_numbers(self):
        (row,) = self._evaluate(" x-1 ;3")
        self.assertEqual((row["state"], row["product"]), ("ok", self.product))
        (row,) = self._evaluate("X-1;3", self.rival_user, self.rival_agreement)
        self.assertEqual(row["product"], self.product_b)

    def test_our_codes_come_first(self):
        self.own.customer_product_reference = "0043"
        (row,) = self._evaluate("0043;1")
        self.assertEqual(row["product"], self.product_b)

    def test_rivals_number_is_unknown(self):
        self.rivals.customer_product_reference = "SECRET"
        (row,) = self._evaluate("SECRET;1")
        self.assertEqual((row["state"], row["product"]), ("rejected", None))
        self.assertNotIn("0043", row["reason"])

    def test_same_article_by_both_names_adds_up(self):
        rows = self._evaluate("0042;1\nX-1;2")
        self.assertEqual([row["state"] for row in rows], ["ok", "merged"])
        self.assertEqual(rows[0]["total_quantity"], 3)

    def test_search(self):
        Product = self.env["product.product"].with_user(self.buyer_user).sudo()
        own = self._create_product(name="Blue", default_code="ZZ")
        self._create_number(own, "Q77")
        named = self._create_product(name="A Q77 thing", default_code="AA")
        found = Product._search_b2b_shop(self.company, "q77", customer=self.customer)[0]
        self.assertEqual(found, own | named)
        self.assertEqual(found[0], own, "what is called so comes before what has it in its name")
        sku = self._create_product(name="Zoo", default_code="Q77")
        found = Product._search_b2b_shop(self.company, "q77", customer=self.customer)[0]
        self.assertEqual(found[0], sku, "our code comes first")
        rivals = Product._search_b2b_shop(self.company, "q77", customer=self.rival)[0]
        self.assertNotIn(own, rivals)
        self.assertNotIn(own, Product._search_b2b_shop(self.company, "q77")[0])

    def test_downloads(self):
        header, *rows = self.agreement._get_pricelist_table()
        self.assertEqual(header[-1], "Your part number")
        self.assertEqual(
            {row[0]: row[-1] for row in rows if row[0] in ("0042", "0043")},
            {"0042": "X-1", "0043": ""},
        )
        self.own.unlink()
        self.assertEqual(len(self.agreement._get_pricelist_table()[0]), 5)

    def test_order_page_pdf_and_file(self):
        order = self._create_order([(self.product, 1), (self.product_b, 1)])
        table = self.env["sale.order"]._get_b2b_export_table(order)
        self.assertEqual([row[-1] for row in table], ["Your part number", "X-1", ""])
        page = self.env["ir.actions.report"]._render_qweb_html("sale.report_saleorder", order.ids)
        self.assertIn(b"X-1", page[0])
        self.assertEqual(page[0].count(b"Your part number"), 1)

    # === FILES === #

    def _states(self, *rows):
        rows = [PartNumberRow(n, sku, own) for n, (sku, own) in enumerate(rows, start=1)]
        evaluated = self.env["customer.product.reference"]._evaluate_own(self.agreement, rows)
        self.assertEqual(len(evaluated), len(rows))
        return [row["state"] for row in evaluated]

    def test_every_row_has_a_state(self):
        self.assertEqual(
            self._states(
                ("0042", "X-1"),
                ("0043", "N"),
                ("0043", "n"),
                ("0043", "M"),
                ("nope", "Z"),
                ("", "Z"),
                ("0042", ""),
            ),
            ["unchanged", "new", "repeated", "rejected", "rejected", "rejected", "rejected"],
        )

    def test_number_of_another_article(self):
        self.assertEqual(self._states(("0043", "x-1")), ["rejected"])
        self.assertEqual(self._states(("0043", "A"), ("0042", "a")), ["new", "rejected"])

    def test_numbers_change_places(self):
        self._create_number(self.product_b, "Y-2")
        self.assertEqual(self._states(("0042", "Y-2"), ("0043", "X-1")), ["changed", "changed"])
        own = self.env["customer.product.reference"]
        own._keep_own(self.agreement, {self.product: "Y-2", self.product_b: "X-1"})
        self.assertEqual(self._numbers(), {"0042": "Y-2", "0043": "X-1"})

    def test_rejected_row_frees_no_number(self):
        third = self._create_product(name="Washer", default_code="0044")
        self._create_number(third, "Z-3")
        states = self._states(("0043", "X-1"), ("0042", "Z-3"))
        self.assertEqual(states, ["rejected", "rejected"])

    def test_chain_of_numbers_costs_what_its_rows_cost(self):
        """Each row wants the number of the next article, and the last one cannot have its own."""
        products = [
            self._create_product(name=f"Part {i}", default_code=f"CH-{i:03}") for i in range(60)
        ]
        for i, product in enumerate(products):
            self._create_number(product, f"C-{i:03}")
        rows = [(f"CH-{i:03}", f"C-{i + 1:03}") for i in range(59)] + [("CH-059", "X-1")]
        Reference = type(self.env["customer.product.reference"])
        with patch.object(
            Reference, "_reject_taken", autospec=True, side_effect=Reference._reject_taken
        ) as asked:
            self.assertEqual(set(self._states(*rows)), {"rejected"})
        self.assertLessEqual(asked.call_count, 2 * len(rows))

    def test_only_numbers_at_hand_are_read(self):
        third = self._create_product(name="Washer", default_code="0044")
        self._create_number(third, "Łódź-3")
        Reference = self.env["customer.product.reference"]
        for size in (5, 40):
            for index in range(size):
                product = self._create_product(name="P", default_code=f"{size}-{index}")
                self._create_number(product, f"own-{size}-{index}")
            for wanted, found in (
                ([(self.product_b, "N")], set()),
                ([(self.product_b, "łódź-3")], {"0044"}),
                ([(third, "ŁÓDŹ-3")], {"0044"}),
                ([(third, "x-1"), (self.product, "own")], {"0042", "0044"}),
            ):
                with self.subTest(wanted=wanted, size=size):
                    concerned = Reference._get_concerned(self.agreement, wanted)
                    self.assertEqual(set(concerned.product_id.mapped("default_code")), found)
            self.assertEqual(self._states(("0043", "łódź-3")), ["rejected"])
            self.assertEqual(self._states(("0043", "łódź-3"), ("0044", "N")), ["new", "changed"])
            self.assertEqual(self._states(("0042", "x-1"), ("0043", "N")), ["changed", "new"])
            with self.assertRaisesRegex(UserError, "0044 has this part number"):
                Reference._check_own(self.agreement, self.product, "ŁÓDŹ-3")
            self.assertEqual(Reference._check_own(self.agreement, third, "łódź-3"), "łódź-3")
        Reference._keep_own(self.agreement, {self.product: "own-5-1", third: "Łódź-4"})
        numbers = self._numbers()
        self.assertEqual(len(numbers), 2 + 45 - 1)
        self.assertEqual((numbers["0042"], numbers["0044"]), ("own-5-1", "Łódź-4"))
        self.assertEqual(self._numbers(self.rival), {"0043": "X-1"})

    def test_numbers_at_hand_have_indexes(self):
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        Reference = self.env["customer.product.reference"]
        wanted = [(self.product_b, "x-1")]
        query = Reference._get_concerned_sql(self.customer, wanted)
        plan = "\n".join(row for (row,) in self.env.execute_query(SQL("EXPLAIN %s", query)))
        self.assertIn("customer_product_reference_reference_uniq", plan)
        self.assertNotIn("Seq Scan on customer_product_reference", plan)

    def test_what_is_sold_no_more_frees_its_number(self):
        self.product.active = False
        self.assertEqual(self._states(("0043", "X-1")), ["new"])
        self.env["customer.product.reference"]._keep_own(self.agreement, {self.product_b: "X-1"})
        self.assertEqual(self._numbers(), {"0043": "X-1"})

    def test_number_for_the_article_of_a_sister_company(self):
        """One customer of two companies of ours, which sell the same thing, each its own."""
        sister = self.env["res.company"].create({"name": "Sister"})
        hers = self.env["product.product"].create(
            {"name": "Hers", "default_code": "H-1", "company_id": sister.id}
        )
        Reference = self.env["customer.product.reference"]
        Reference.create(
            {
                "partner_id": self.customer.id,
                "product_id": hers.id,
                "customer_product_reference": "S-1",
            }
        )
        self.assertEqual(self._states(("0043", "S-1")), ["rejected"])
        hers.sale_ok = False
        self.assertEqual(self._states(("0043", "S-1")), ["new"])

    def test_blanks_that_nobody_sees(self):
        """Spreadsheets paste wider blanks, and several of them."""
        Reference = self.env["customer.product.reference"]
        Reference._keep_own(self.agreement, {self.product_b: "AB 12"})
        Product = self.env["product.product"]
        typed = ["AB\u00a012", "ab  12", " AB 12 ", "AB12"]
        found = Product._find_b2b_customer_codes(self.env.company, self.customer, typed)
        self.assertEqual(set(found), {"ab\u00a012", "ab  12", " ab 12 "})
        self.assertEqual(set(found.values()), {self.product_b})
        self.product_b.default_code = "CD 3"
        found = Product._find_b2b_codes(self.env.company, ["CD\u202f3", "CD  3"])
        self.assertEqual(set(found.values()), {self.product_b})

    def test_queries_do_not_grow(self):
        counts = []
        for size in (5, 300):
            products = self.env["product.product"].create(
                [{"name": f"P{n}", "default_code": f"Q{size}-{n}"} for n in range(size)]
            )
            rows = [
                PartNumberRow(n, p.default_code, f"own-{size}-{n}") for n, p in enumerate(products)
            ]
            Reference = self.env["customer.product.reference"]
            with self._count_queries() as count:
                evaluated = Reference._evaluate_own(self.agreement, rows)
            self.assertEqual({row["state"] for row in evaluated}, {"new"})
            counts += count
        self.assertNoMoreQueries(*counts)


@tagged("post_install", "-at_install")
class TestPartNumberRace(Race, PartNumberCommon):
    def test_two_colleagues_give_the_same_number(self):
        Reference = self.env["customer.product.reference"]
        original = type(Reference).unlink

        def unlink_and_meet(records):
            # what the other transaction has committed since, this one cannot see
            self.env.cr.execute(
                "INSERT INTO customer_product_reference"
                " (partner_id, product_id, customer_product_reference) VALUES (%s, %s, 'N')",
                [self.customer.id, self.product.id],
            )
            return original(records)

        self.own.unlink()
        self.patch(type(Reference), "unlink", unlink_and_meet)
        with (
            self.assertRaisesRegex(UserError, "at the same time"),
            mute_logger("odoo.sql_db"),
        ):
            Reference._keep_own(self.agreement, {self.product_b: "n"})
        self.assertEqual(self._numbers(), {})
