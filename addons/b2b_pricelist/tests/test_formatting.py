from odoo.tests import TransactionCase, tagged

from ..formatting import (
    NBSP,
    format_input_quantity,
    format_percentage,
    format_quantity,
    format_unit_price,
)


@tagged("post_install", "-at_install")
class TestFormatting(TransactionCase):
    """Quantities, percentages and prices in the reader's language."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        languages = cls.env["res.lang"].with_context(active_test=False)
        german = languages.search([("code", "=", "de_DE")])
        german.write({"active": True, "decimal_point": ",", "thousands_sep": "."})
        german.grouping = "[3,0]"
        cls.english = cls.env(context={**cls.env.context, "lang": "en_US"})
        cls.german = cls.env(context={**cls.env.context, "lang": "de_DE"})
        cls.digits = cls.env.ref("uom.decimal_product_uom")
        cls.digits.digits = 3
        cls.euro, cls.dollar = cls.env.ref("base.EUR"), cls.env.ref("base.USD")

    def test_quantity_is_written_as_the_reader_writes_it(self):
        for quantity, english, german in (
            (0, "0", "0"),
            (1, "1", "1"),
            (12.5, "12.5", "12,5"),
            (0.125, "0.125", "0,125"),
            (10, "10", "10"),
            (1000, "1,000", "1.000"),
            (1_000_000, "1,000,000", "1.000.000"),
            (1234.5, "1,234.5", "1.234,5"),
            (-2.5, "-2.5", "-2,5"),
        ):
            with self.subTest(quantity=quantity):
                self.assertEqual(format_quantity(self.english, quantity), english)
                self.assertEqual(format_quantity(self.german, quantity), german)

    def test_quantity_has_no_more_decimals_than_units_have(self):
        self.assertEqual(format_quantity(self.english, 0.1 + 0.2), "0.3")
        self.assertEqual(format_quantity(self.english, 2.00049), "2")
        self.digits.digits = 0
        self.assertEqual(format_quantity(self.english, 10), "10")
        self.assertEqual(format_input_quantity(self.english, 100), "100")

    def test_input_takes_no_groups_and_a_decimal_point(self):
        for quantity, text in ((1_000_000, "1000000"), (12.5, "12.5"), (0.1 + 0.2, "0.3")):
            with self.subTest(quantity=quantity):
                self.assertEqual(format_input_quantity(self.german, quantity), text)

    def test_percentage_has_no_needless_zeros(self):
        for percentage, english, german in (
            (20.0, "20%", f"20{NBSP}%"),
            (12.5, "12.5%", f"12,5{NBSP}%"),
            (33.333, "33.33%", f"33,33{NBSP}%"),
            (0.004, "0%", f"0{NBSP}%"),
        ):
            with self.subTest(percentage=percentage):
                self.assertEqual(format_percentage(self.english, percentage), english)
                self.assertEqual(format_percentage(self.german, percentage), german)

    def test_unit_price_has_the_decimals_it_needs(self):
        self.env.ref("product.decimal_price").digits = 4
        self.dollar.position, self.euro.position = "before", "after"
        for amount, text in ((12.5, "12.50"), (0.2432, "0.2432"), (0.245, "0.245"), (0, "0.00")):
            with self.subTest(amount=amount):
                expected = f"${NBSP}{text}"
                self.assertEqual(format_unit_price(self.english, amount, self.dollar), expected)
        self.assertEqual(format_unit_price(self.german, 1234.5, self.euro), f"1.234,50{NBSP}€")
        self.env.ref("product.decimal_price").digits = 2
        self.assertEqual(format_unit_price(self.english, 0.2432, self.dollar), f"${NBSP}0.24")
