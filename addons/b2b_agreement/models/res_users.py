from odoo import models


class ResUsers(models.Model):
    _inherit = "res.users"

    def _get_invalidation_fields(self):
        """Override of `base`: record rules are cached with the contact of the user in them."""
        return super()._get_invalidation_fields() | {"partner_id"}
