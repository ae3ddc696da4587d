from odoo import api, fields, models


class SaleOrder(models.Model):
    """Confirmation by a salesperson: the credit is a warning there, and the log keeps his word."""

    _inherit = "sale.order"

    b2b_credit_warning = fields.Text(
        string="Above the credit",
        compute="_compute_b2b_credit_warning",
        groups="sales_team.group_sale_salesman",
        help="Why this order exceeds the customer's credit. It can be confirmed all the same.",
    )

    @api.depends("state", "b2b_customer_id", "company_id", "amount_total", "b2b_credit_hold")
    def _compute_b2b_credit_warning(self):
        for order in self:  # shown on a form: one
            order.b2b_credit_warning = order._get_b2b_seller_warning() or False

    def _get_b2b_seller_warning(self):
        """Return why an order that is not confirmed yet exceeds the credit, for salespeople.

        :return: '' for what is within, held (that says so itself), or no order at all
        :rtype: str
        """
        order = self.sudo()  # salespeople may read neither limit nor journal items
        if order.state not in ("draft", "sent") or order._is_b2b_draft() or order.b2b_credit_hold:
            return ""
        if not order._is_b2b_credit_asked():
            return ""
        due = order._get_b2b_amount_due()
        if not due:
            return ""
        return order._get_b2b_credit_excess(due, order.currency_id)

    def action_confirm(self):
        """Override of `sale` to note in the log who went above the credit, and by how much."""
        if not self.has_access("write"):
            # Refused, for reasons that are others' to tell.
            return super().action_confirm()
        # What was released has its note. Orders without a limit cost no query.
        # sudo: noted whoever confirms, in the language of people whom they may not read
        asked = self.sudo().filtered(lambda order: not order.b2b_credit_released_on)
        if not asked._has_b2b_credit_policy():
            return super().action_confirm()
        # In the language of the log only what has anything to say: most orders have not.
        above = {
            seller: seller._get_b2b_seller_warning()
            for order in asked
            if order._get_b2b_seller_warning() and (seller := order._in_seller_language())
        }
        res = super().action_confirm()
        for order, words in above.items():
            order._note_b2b_confirmation(words)
        return res

    def _note_b2b_confirmation(self, words):
        self.message_post(
            body=self.env._("Confirmed above the credit. %(reason)s", reason=words),
            author_id=self.env.user.partner_id.id,
            message_type="notification",
            subtype_xmlid="mail.mt_note",
        )
