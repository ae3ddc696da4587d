from odoo import api, models


class ResourceCalendarLeaves(models.Model):
    _inherit = "resource.calendar.leaves"

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `resource` to ask anew for the days off of companies."""
        leaves = super().create(vals_list)
        leaves._forget_times_off()
        return leaves

    def write(self, vals):
        """Override of `resource` to ask anew for the days off of companies."""
        self._forget_times_off()
        res = super().write(vals)
        self._forget_times_off()
        return res

    def unlink(self):
        """Override of `resource` to ask anew for the days off of companies."""
        self._forget_times_off()
        return super().unlink()

    def _forget_times_off(self):
        # Those of people, of which there are many, are no days off of a company.
        if any(not leave.resource_id for leave in self):
            self.env.registry.clear_cache()
