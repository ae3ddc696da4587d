from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import tagged

from .portal import TrackingCommon


def section(name, **values):
    return Command.create({"display_type": "line_section", "name": name, **values})


def subsection(name, **values):
    return Command.create({"display_type": "line_subsection", "name": name, **values})


@tagged("post_install", "-at_install")
class TestTrackingLines(TrackingCommon):
    """What the page without login names of an order: what was ordered, and no more."""

    def _line(self, name, quantity=1, **values):
        return Command.create(
            {
                "product_id": self.product.id,
                "name": name,
                "product_uom_qty": quantity,
                "price_unit": 10,
                **values,
            }
        )

    def _create_with(self, *commands):
        for number, command in enumerate(commands):
            command[2]["sequence"] = number
        return self._create_order(order_line=list(commands))

    def _shown(self, order):
        lines = order._get_tracking_page_lines()
        return [line.display_type and line.name or line._get_tracking_page_name() for line in lines]

    def test_hidden_composition_stays_hidden(self):
        order = self._create_with(
            self._line("Open"),
            section("Kitchen", collapse_composition=True),
            self._line("SECRET hours"),
            subsection("SECRET subsection"),
            self._line("SECRET part"),
            section("Bath"),
            self._line("Tub"),
            subsection("Fittings", collapse_composition=True),
            self._line("SECRET tap"),
        )
        self.assertEqual(self._shown(order), ["Open", "Kitchen", "Bath", "Tub", "Fittings"])
        self.authenticate(None, None)
        page = self._open(order)
        self.assertIn("Kitchen", page)
        self.assertNotIn("SECRET", page)

    def test_what_was_not_ordered_is_not_listed(self):
        order = self._create_with(
            self._line("Ordered"),
            self._line("Lowered to nothing", quantity=0),
            section("Options"),
            self._line("Not chosen", quantity=0),
            section("More options"),
            self._line("Chosen"),
            section("Hidden and empty", collapse_composition=True),
            self._line("Hidden, not chosen", quantity=0),
            section("Empty"),
        )
        self.assertEqual(self._shown(order), ["Ordered", "More options", "Chosen"])

    def test_money_is_not_listed(self):
        order = self._create_with(
            self._line("Paint"),
            self._line("$ 12.5 off", price_unit=-12.5),
            self._line("Returned", quantity=-1),
            self._line("Company discount of $ 3"),
            self._line("Voucher of $ 7"),
            self._line("Delivery of $ 5"),
        )
        *_others, discount, voucher, delivery = order.order_line
        Line = self.registry["sale.order.line"]
        with (
            patch.object(
                Line, "_is_discount_line", lambda line: line in discount + voucher, create=True
            ),
            patch.object(Line, "_can_be_invoiced_alone", lambda line: line != delivery),
            patch.object(Line, "_is_delivery", lambda line: line == delivery),
        ):
            self.assertEqual(self._shown(order), ["Paint", "Blue paint"])
            self.authenticate(None, None)
            self.assertNotIn("$", self._open(order).split("<table>")[1])

    def test_discount_of_the_wizard_is_not_listed(self):
        order = self._create_with(self._line("Paint"))
        self.env["sale.order.discount"].create(
            {"sale_order_id": order.id, "discount_type": "amount", "discount_amount": 4}
        ).action_apply_discount()
        self.assertEqual(len(order.order_line), 2)
        self.assertEqual(self._shown(order), ["Paint"])

    def test_rewards(self):
        """As `sale_loyalty` marks them: a discount, and an article that is a gift."""
        order = self._create_with(
            self._line("Paint"), self._line("$ 12.5 off"), self._line("Worth $ 12.5")
        )
        Line = type(order.order_line)
        with (
            patch.object(Line, "_is_discount_line", lambda line: line.name == "$ 12.5 off"),
            patch.object(Line, "_can_be_invoiced_alone", lambda line: "12.5" not in line.name),
        ):
            self.assertEqual(self._shown(order), ["Paint", self.product.name])

    def test_down_payment_of_the_wizard_is_not_listed(self):
        order = self._create_with(self._line("Paint"))
        self.env["sale.advance.payment.inv"].with_context(active_ids=order.ids).create(
            {"advance_payment_method": "percentage", "amount": 50}
        ).create_invoices()
        self.assertTrue(order.order_line.filtered("is_downpayment"))
        self.assertEqual(self._shown(order), ["Paint"])
        self.authenticate(None, None)
        self.assertNotIn("Down", self._open(order))
