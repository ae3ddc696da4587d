from odoo import api, models
from odoo.fields import Domain


class ResUsers(models.Model):
    _inherit = "res.users"

    def action_archive(self):
        """Override of `mail`, which deletes activities, to hand over what nothing else remembers.

        An order that is rejected and was paid all the same is marked by its activity alone.
        """
        self._hand_over_marks()
        return super().action_archive()

    @api.ondelete(at_uninstall=False)
    def _unlink_after_marks_are_handed_over(self):
        """The database deletes the activities of a user who is deleted."""
        self._hand_over_marks()

    def _hand_over_marks(self):
        orders = self.env["sale.order"].sudo()  # sudo: whoever archives users need not sell
        marked = Domain("res_model", "=", orders._name) & Domain("user_id", "in", self.ids)
        types = orders._get_mark_types()
        # sudo: as in Odoo's own clean-up, the activities are other people's
        activities = self.env["mail.activity"].sudo()
        activities = activities.search(marked & Domain("activity_type_id", "in", types.ids))
        for order, marks in activities.grouped(lambda one: orders.browse(one.res_id)).items():
            if heir := order._get_cancellation_user(without=self):
                marks.user_id = heir
            else:
                order._message_log(body=marks[0].summary or marks[0].activity_type_id.name)
