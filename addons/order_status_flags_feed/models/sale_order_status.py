from odoo import api, models

from odoo.addons.order_status_flags.codebook_finding import CodebookFinding


class SaleOrderStatus(models.Model):
    _inherit = "sale.order.status"

    @api.model
    def _find_codebook_findings(self):
        """Override of `order_status_flags` to find mappings of a feed to archived flags."""
        mappings = self.env["order.flag.feed.mapping"].search([("flag_id.active", "=", False)])
        return [
            *super()._find_codebook_findings(),
            *(
                CodebookFinding(
                    "archived_target",
                    mapping,
                    self.env._(
                        "“%(external)s” of the feed “%(feed)s” means the flag “%(flag)s”, which is"
                        " archived: such rows are refused.",
                        external=mapping.external_flag,
                        feed=mapping.feed_id.name,
                        flag=mapping.flag_id.name,
                    ),
                )
                for mapping in mappings
            ),
        ]
