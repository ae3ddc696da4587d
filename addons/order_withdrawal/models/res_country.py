from odoo import models, tools


class ResCountry(models.Model):
    _inherit = "res.country"

    # Odoo clears this cache when a code is written.
    @tools.ormcache("self.id", cache="stable")
    def _get_code(self):
        """Return the code (ISO 3166) of this country, False of none: it never changes."""
        return self.sudo().code  # sudo: visitors read no countries
