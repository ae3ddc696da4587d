from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class OrderFlagFeedMapping(models.Model):
    """What one flag of the outside ERP means here.

    Changing a mapping changes no order and mails nobody: it counts for the changes that
    arrive from then on. The button "Apply to orders in this state" does the rest.
    """

    _name = "order.flag.feed.mapping"
    _description = "Flag Feed Mapping"
    _order = "feed_id, id"
    _rec_name = "external_flag"
    _check_company_auto = True

    feed_id = fields.Many2one(
        comodel_name="order.flag.feed", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="feed_id.company_id")
    external_flag = fields.Char(
        string="Flag in the ERP", required=True, help="Spelled exactly as in that ERP."
    )
    flag_id = fields.Many2one(
        comodel_name="sale.order.flag",
        string="Flag here",
        required=True,
        ondelete="restrict",
        index=True,
        check_company=True,
    )
    status_id = fields.Many2one(related="flag_id.status_id", string="Sets status")

    _external_flag_uniq = models.Constraint(
        "UNIQUE(feed_id, external_flag)", "This flag is mapped already."
    )

    @api.constrains("external_flag")
    def _check_external_flag(self):
        if any(not mapping.external_flag.strip() for mapping in self):
            raise ValidationError(self.env._("Please enter the name of the flag in the ERP."))

    def _check_company(self, fnames=None):
        """Override of `base` to name no flag of companies that the user does not see."""
        try:
            return super()._check_company(fnames)
        except UserError:
            # sudo: what the user does not see is what is not to be named
            if self.env["sale.order"]._may_name(self.sudo().flag_id):
                raise
            raise UserError(
                self.env._("There is no such flag, or it belongs to another company.")
            ) from None

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._strip_name(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._strip_name(vals))

    def action_open_apply_wizard(self):
        """Open the preview of what applying this mapping to known orders would do."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Apply to orders in this state"),
            "res_model": "order.flag.feed.apply",
            "view_mode": "form",
            "target": "new",
            "context": {"default_mapping_id": self.id},
        }

    def _strip_name(self, vals):
        """Blanks around a name are nobody's intention, and would never match."""
        if isinstance(vals.get("external_flag"), str):
            return {**vals, "external_flag": vals["external_flag"].strip()}
        return vals
