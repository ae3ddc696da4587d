from odoo import fields, models


class OrderFlagFeedKeyShow(models.AbstractModel):
    """Shows a key that was just made. Abstract: the key is never stored in readable form."""

    _name = "order.flag.feed.key.show"
    _description = "Show the Key of a Feed"

    # The web client asks for it when it fills in the default of `key`.
    id = fields.Id()
    key = fields.Char(readonly=True)
    url = fields.Char(string="Address", readonly=True)
