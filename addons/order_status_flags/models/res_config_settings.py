from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    order_status_customer_cancel = fields.Boolean(
        related="company_id.order_status_customer_cancel", readonly=False
    )
    order_status_cancel_reason_required = fields.Boolean(
        related="company_id.order_status_cancel_reason_required", readonly=False
    )
    order_status_mail_delay = fields.Integer(
        related="company_id.order_status_mail_delay", readonly=False
    )
    order_status_tracking_page = fields.Boolean(
        related="company_id.order_status_tracking_page", readonly=False
    )
    order_status_on_sales_orders = fields.Boolean(
        related="company_id.order_status_on_sales_orders", readonly=False
    )
    order_status_delay_days = fields.Integer(
        related="company_id.order_status_delay_days", readonly=False
    )
    order_status_lookup = fields.Boolean(related="company_id.order_status_lookup", readonly=False)
