from odoo import api, models
from odoo.tools import float_compare

from odoo.addons.b2b_pricelist.formatting import format_quantity


class ProductProduct(models.Model):
    _inherit = "product.product"

    @api.model
    def _get_b2b_shown_fields(self):
        """Override of `b2b_portal` to read which products are stored."""
        return [*super()._get_b2b_shown_fields(), "is_storable"]

    def _get_b2b_availability(self, company):
        """Override of `b2b_portal` to tell how much of goods is free to sell.

        Free is what lies in the company's warehouses and is promised to nobody, in the
        product's unit.
        """
        result = super()._get_b2b_availability(company)
        # sudo: customers read neither the settings nor the stock; they are told what these allow
        company = company.sudo()
        if company.b2b_stock_display == "none":
            return result
        # sudo: as above
        stored = self.sudo().filtered("is_storable")
        stored = stored.with_company(company).with_context(allowed_company_ids=company.ids)
        for product in stored:
            result[product.id] = product._prepare_b2b_availability(company)
        return result

    def _prepare_b2b_availability(self, company):
        free = self.free_qty
        if float_compare(free, 0.0, precision_digits=3) <= 0:
            return {"state": "out", "text": self.env._("Out of stock, delivered later")}
        low = float_compare(free, company.b2b_stock_low, precision_digits=3) < 0
        state = "limited" if low else "available"
        if company.b2b_stock_display == "quantity" or low:
            text = self.env._(
                "%(quantity)s %(unit)s in stock",
                quantity=format_quantity(self.env, free),
                unit=self.uom_id.name,
            )
        else:
            text = self.env._("In stock")
        return {"state": state, "text": text}
