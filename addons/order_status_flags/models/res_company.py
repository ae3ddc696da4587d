from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    order_status_customer_cancel = fields.Boolean(
        string="Customers may cancel orders",
        default=True,
        help="Customers cancel orders in the portal, as long as the order's status allows it.",
    )
    order_status_cancel_reason_required = fields.Boolean(
        string="Reason required", help="Customers must say why they cancel."
    )
    order_status_mail_delay = fields.Integer(
        string="Hold e-mails back (minutes)",
        default=0,
        help="Status e-mails wait this long, so that a slip of the hand can be undone.",
    )
    order_status_tracking_page = fields.Boolean(
        string="Public order status page",
        default=True,
        help="A page without login, reached by the link “Order status” in the order's e-mails.",
    )
    order_status_on_sales_orders = fields.Boolean(
        string="Automatic statuses on sales orders",
        default=True,
        help="Set statuses automatically also on orders made in the back office.",
    )

    _order_status_mail_delay_positive = models.Constraint(
        "CHECK(order_status_mail_delay >= 0)",
        "The time that status e-mails are held back cannot be negative.",
    )
