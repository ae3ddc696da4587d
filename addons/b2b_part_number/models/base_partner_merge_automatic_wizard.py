from odoo import api, models
from odoo.tools import SQL


class BasePartnerMerge(models.TransientModel):  # pylint: disable=no-wizard-in-models
    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        """Override of `base`: where merged customers contradict each other, the kept one's stay.

        Odoo would delete all numbers of a customer of whom a single one is in the way.
        """
        self.env["customer.product.reference"].flush_model()
        self.env.execute_query(
            SQL(
                """
                WITH ranked AS (
                    SELECT id,
                           row_number() OVER (PARTITION BY product_id ORDER BY %(first)s) AS a,
                           row_number() OVER (
                               PARTITION BY lower(customer_product_reference) ORDER BY %(first)s
                           ) AS b
                      FROM customer_product_reference
                     WHERE partner_id = ANY(%(merged)s)
                )
                DELETE FROM customer_product_reference reference
                 USING ranked
                 WHERE ranked.id = reference.id AND (ranked.a > 1 OR ranked.b > 1)
                RETURNING reference.id
                """,
                first=SQL("partner_id != %s, id", dst_partner.id),
                merged=(src_partners | dst_partner).ids,
            )
        )
        self.env["customer.product.reference"].invalidate_model()
        return super()._update_foreign_keys(src_partners, dst_partner)
