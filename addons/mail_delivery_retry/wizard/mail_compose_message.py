from odoo import fields, models


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    # As the recipients of an e-mail: an archived contact whom a template or a person names is
    # not dropped in silence.
    partner_ids = fields.Many2many(context={"active_test": False})
