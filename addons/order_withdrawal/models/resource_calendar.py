from odoo import models, tools


class ResourceCalendar(models.Model):
    _inherit = "resource.calendar"

    def write(self, vals):
        """Override of `resource` to ask anew where the days of the calendar begin."""
        res = super().write(vals)
        if "tz" in vals:
            self.env.registry.clear_cache()
        return res

    @tools.ormcache("self.id", "company_id")
    def _get_times_off(self, company_id):
        """Return the zone of this calendar (sudo), and the times off of a whole company by it.

        Every page that offers the withdrawal function asks, and they change a few times a year.

        :param int company_id: the company
        :return: the zone, False without a calendar; and ``(date_from, date_to)`` of each, in UTC
        """
        found = self.env["resource.calendar.leaves"].search_fetch(
            [
                ("resource_id", "=", False),
                ("time_type", "=", "leave"),
                ("calendar_id", "in", [False, self.id]),
                ("company_id", "in", [False, company_id]),
            ],
            ["date_from", "date_to"],
        )
        return self.tz, tuple((leave.date_from, leave.date_to) for leave in found)
