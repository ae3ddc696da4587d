from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ProductTemplate(models.Model):
    _inherit = "product.template"

    b2b_discount = fields.Float(
        string="B2B discount (%)",
        digits="Discount",
        # A customer who may read products over RPC must not learn what others pay.
        groups="base.group_user",
        help="Percentage off the sales price on B2B pricelists, between 0 and 100."
        " It is never added to the discount of a pricelist rule.",
    )

    @api.constrains("b2b_discount")
    def _check_b2b_discount(self):
        """Keep the discount a percentage.

        :raise ValidationError: when it is below 0, above 100 or not a number
        """
        for template in self:
            # Written as "not within" so that NaN is refused too.
            if not 0 <= template.b2b_discount <= 100:
                raise ValidationError(
                    self.env._(
                        "The B2B discount of %(product)s must lie between 0 and 100 %%.",
                        product=template.display_name,
                    )
                )
