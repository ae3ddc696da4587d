from odoo import fields, models

from ..search_text import NAMES, fold_index


class ProductTemplate(models.Model):
    _inherit = "product.template"

    b2b_minimum_qty = fields.Float(
        string="B2B minimum quantity",
        digits="Product Unit",
        help="Smallest quantity in the B2B shop, in the product's unit; 0 = any.",
    )
    b2b_multiple_qty = fields.Float(
        string="B2B multiple",
        digits="Product Unit",
        help="Sold in multiples of this in the B2B shop, in the product's unit; 0 = any.",
    )

    # The shop counts the products of each category by itself. An index of its own name leaves with
    # this addon; that of a field of Odoo's would stay.
    _b2b_category_idx = models.Index("(categ_id)")
    _b2b_names_folded_idx = models.Index(fold_index(NAMES))
    _b2b_quantities_not_negative = models.Constraint(
        "CHECK (COALESCE(b2b_minimum_qty, 0) >= 0 AND COALESCE(b2b_multiple_qty, 0) >= 0)",
        "Minimum and multiple quantities of the B2B shop cannot be negative.",
    )
