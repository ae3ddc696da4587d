from odoo import api, fields, models


class SaleOrderStatusHistory(models.Model):
    """The outbox sends the pro-forma of a new B2B order, too."""

    _inherit = "sale.order.status.history"

    mail_kind = fields.Selection(
        selection_add=[("b2b_proforma", "Pro-forma")],
        ondelete={"b2b_proforma": lambda rows: rows._forget_mails()},
    )

    @api.model
    def _get_template_of_kind(self, kind):
        """Override of `order_status_flags` to name the template of the pro-forma."""
        if kind != "b2b_proforma":
            return super()._get_template_of_kind(kind)
        template = self.env.ref("b2b_portal.mail_template_b2b_proforma", raise_if_not_found=False)
        return (template or self.env["mail.template"]).filtered("active")

    @api.model
    def _claim_due_rows(self, limit):
        """Override of `order_status_flags` to make one pro-forma at a time.

        Its PDF takes seconds. What was made since the last commit is made anew when somebody
        changes one of the orders meanwhile, and e-mails about statuses wait for the end of it.
        """
        rows = super()._claim_due_rows(limit)
        proformas = rows.filtered(lambda row: row.mail_kind == "b2b_proforma")
        return rows - proformas[1:]

    def _hand_over_mails(self):
        """Override of `order_status_flags` to send no pro-forma of a cancelled order.

        Unless somebody asked for it to be sent again.
        """
        void = self.filtered(
            lambda row: (
                row.mail_kind == "b2b_proforma"
                and row.order_id.state == "cancel"
                and not row.is_resend
            )
        )
        void.write({"mail_state": "superseded"})
        return super(SaleOrderStatusHistory, self - void)._hand_over_mails()

    def _make_mails(self, template):
        """Override of `order_status_flags` to post pro-formas as messages of their orders."""
        if set(self.mapped("mail_kind")) != {"b2b_proforma"}:
            return super()._make_mails(template)
        return {order.id: order._post_b2b_proforma(template) for order in self.order_id}

    def _forget_mails(self):
        """Take the pro-formas out of the outbox when the addon is uninstalled."""
        waiting = self.filtered(lambda row: row.mail_state == "pending")
        waiting.write({"mail_state": "superseded"})
        self.write({"mail_kind": False})
