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

    order_status_delay_days = fields.Integer(
        string="Tell customers of delays (days)",
        default=0,
        help="A customer gets one e-mail when the promised date moves later by so many days, or"
        " passes with goods open. 0: no e-mails about delays.",
    )
    order_status_lookup = fields.Boolean(
        string="Customers can find their order",
        default=True,
        help="A page on which customers have the link to their order sent to them once more.",
    )

    _order_status_mail_delay_positive = models.Constraint(
        "CHECK(order_status_mail_delay BETWEEN 0 AND 525600)",
        "The minutes that status e-mails are held back must lie between 0 and 525600.",
    )
    _order_status_delay_days_positive = models.Constraint(
        "CHECK(order_status_delay_days >= 0)",
        "The days after which customers are told of a delay cannot be negative.",
    )

    def _get_order_status_page_fields(self):
        """Return the names of the fields that the public page of an order reads of its company.

        Hook: addons that show or decide something there by settings of theirs add these.

        :rtype: list[str]
        """
        return [
            *("name", "partner_id", "uses_default_logo", "order_status_cancel_reason_required"),
            *("order_status_customer_cancel", "order_status_delay_days"),
            *("order_status_tracking_page", "sale_discount_product_id"),
        ]

    def write(self, vals):
        """Override of `base` to mail nobody about delays that are there when it changes."""
        changed = self.filtered(
            lambda company: (
                company.order_status_delay_days
                != vals.get("order_status_delay_days", company.order_status_delay_days)
            )
        )
        res = super().write(vals)
        if changed:
            # sudo: of orders that who changes the setting need not read
            self.env["sale.order"].sudo()._keep_delays_quiet(changed)
        return res
