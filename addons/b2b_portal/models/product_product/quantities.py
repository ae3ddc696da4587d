import math
from fractions import Fraction

from odoo import api, models
from odoo.tools import float_compare

from odoo.addons.b2b_pricelist.formatting import format_quantity
from odoo.addons.b2b_pricelist.pricing import PriceLine


class ProductProduct(models.Model):
    """Quantities: units, minimum and multiples of the B2B shop, and the prices of those."""

    _inherit = "product.product"

    def _get_b2b_uoms(self):
        """Return the units in which the product is sold: its own, and its packs."""
        self.ensure_one()
        # Of the template: the same, without a computation for each variant.
        packs = self.product_tmpl_id.uom_ids
        return self.uom_id | packs if packs else self.uom_id

    def _get_b2b_quantity_step(self, uom):
        """Return the smallest quantity and the step that are valid in a unit.

        Packs are sold whole; a product that is sold in multiples, in what fills those.

        :param uom.uom uom: the unit that the buyer chose
        :return: minimum and step in that unit; a step of 0 = any quantity
        :rtype: tuple[float, float]
        """
        self.ensure_one()
        if uom == self.uom_id and not (self.b2b_minimum_qty or self.b2b_multiple_qty):
            return 0.0, 0.0  # by far the most
        factor = self._get_b2b_pack_size(uom)
        multiple = Fraction(str(self.b2b_multiple_qty or 0))
        is_pack = uom != self.uom_id
        step = Fraction(0)
        if multiple:
            step = self._get_fraction_lcm(factor, multiple) / factor if is_pack else multiple
        elif is_pack:
            step = Fraction(1)
        minimum = Fraction(str(self.b2b_minimum_qty or 0)) / factor
        if step:
            minimum = max(math.ceil(minimum / step), 1) * step
        return float(minimum), float(step)

    def _get_b2b_pack_size(self, uom):
        """Return how many of the product's unit are in a unit, exactly."""
        if uom == self.uom_id or not self.uom_id.factor:
            return Fraction(1)
        ratio = uom.factor / self.uom_id.factor
        return Fraction(ratio).limit_denominator(100_000)

    @api.model
    def _get_fraction_lcm(self, one, other):
        denominator = math.lcm(one.denominator, other.denominator)
        return Fraction(math.lcm(int(one * denominator), int(other * denominator)), denominator)

    def _get_b2b_nearest_quantity(self, quantity, uom):
        """Return the valid quantity nearest to one that may not be valid.

        :param float quantity: in the unit
        :param uom.uom uom: the unit that the buyer chose
        :rtype: float
        """
        minimum, step = self._get_b2b_quantity_step(uom)
        if step:
            wanted = Fraction(str(round(quantity, 6))) / Fraction(str(step))
            quantity = float(Fraction(str(step)) * max(math.floor(wanted + Fraction(1, 2)), 1))
        nearest = uom.round(quantity) or uom.round(1e-6, rounding_method="UP")
        return max(nearest, minimum)

    def _get_b2b_quantity_problem(self, quantity, uom):
        """Return why a quantity cannot be ordered, with the nearest one that can, or ''.

        :param float quantity: in the unit
        :param uom.uom uom: the unit that the buyer chose
        :rtype: str
        """
        self.ensure_one()
        if (
            uom == self.uom_id
            and not (self.b2b_minimum_qty or self.b2b_multiple_qty)
            and not float_compare(quantity, uom.round(quantity), precision_digits=6)
        ):
            return ""  # by far the most, of thousands of rows
        if uom not in self._get_b2b_uoms():
            return self.env._(
                "%(product)s is not sold in %(unit)s.", product=self.display_name, unit=uom.name
            )
        nearest = self._get_b2b_nearest_quantity(quantity, uom)
        if not float_compare(quantity, nearest, precision_digits=6):
            return ""
        return self._describe_b2b_quantities(uom, nearest)

    def _describe_b2b_quantities(self, uom, nearest):
        """Return in which quantities the product is sold, and the nearest of them.

        :param uom.uom uom: the unit that the buyer chose
        :param float nearest: in the unit
        :rtype: str
        """
        minimum, step = self._get_b2b_quantity_step(uom)
        values = {
            "product": self.display_name,
            "unit": uom.name,
            "minimum": format_quantity(self.env, minimum),
            "step": format_quantity(self.env, step),
            "nearest": format_quantity(self.env, nearest),
        }
        if step and float_compare(minimum, step, precision_digits=6) > 0:
            return self.env._(
                "%(product)s is sold from %(minimum)s %(unit)s on, in multiples of %(step)s."
                " The nearest valid quantity is %(nearest)s.",
                **values,
            )
        if step:
            return self.env._(
                "%(product)s is sold in multiples of %(step)s %(unit)s."
                " The nearest valid quantity is %(nearest)s.",
                **values,
            )
        if not minimum:
            return self.env._(
                "%(product)s is not sold in such small parts."
                " The nearest valid quantity is %(nearest)s.",
                **values,
            )
        return self.env._(
            "%(product)s is sold from %(minimum)s %(unit)s on."
            " The nearest valid quantity is %(nearest)s.",
            **values,
        )

    def _get_b2b_added_problem(self, quantity, uom, there):
        """Return why a quantity cannot be added to a cart, or ''.

        More of what the cart has already may be less than the smallest order.

        :param float quantity: to be added, in the unit
        :param uom.uom uom: the unit that the buyer chose
        :param float there: what the cart has already, in the unit
        :rtype: str
        """
        problem = self._get_b2b_quantity_problem(quantity, uom)
        if problem and there and not self._get_b2b_quantity_problem(there + quantity, uom):
            return ""
        return problem

    def _get_b2b_price_steps(self, pricer):
        """Return the prices of the quantities that can be ordered.

        :param Pricer pricer: of the customer
        :return: `{product id: prices}` by rising quantity, as `Pricer.breaks`; the first is that
            of the smallest order
        :rtype: dict[int, list[Price]]
        """
        steps = dict(pricer.breaks(self))
        limited = self.filtered(lambda one: one.b2b_minimum_qty or one.b2b_multiple_qty)
        lines = [
            PriceLine(product, quantity)
            for product in limited
            for quantity in product._get_b2b_step_quantities(steps[product.id])
        ]
        steps.update((product.id, []) for product in limited)
        for price in pricer.prices(lines):
            known = steps[price.product.id]
            if not known or known[-1].net != price.net:
                known.append(price)
        return steps

    def _get_b2b_step_quantities(self, prices):
        """Return the first quantities that can be ordered from each quantity break on."""
        minimum, step = self._get_b2b_quantity_step(self.uom_id)
        step = Fraction(str(step))
        return sorted(
            {
                max(
                    float(math.ceil(Fraction(str(price.quantity)) / step) * step)
                    if step
                    else price.quantity,
                    minimum,
                )
                for price in prices
            }
        )
