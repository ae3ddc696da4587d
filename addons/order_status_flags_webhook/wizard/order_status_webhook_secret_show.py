from odoo import fields, models


class OrderStatusWebhookSecretShow(models.AbstractModel):
    """Shows a secret that was just made. Abstract: it is stored nowhere in readable form."""

    _name = "order.status.webhook.secret.show"
    _description = "Show the Secret of a Webhook"

    # The web client asks for it when it fills in the default of `secret`.
    id = fields.Id()
    secret = fields.Char(readonly=True)
