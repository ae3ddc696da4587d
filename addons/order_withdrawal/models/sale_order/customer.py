from odoo import api, models
from odoo.tools import SQL


class SaleOrder(models.Model):
    """Withdrawal: what the customer's pages and e-mails show of it."""

    _inherit = "sale.order"

    def _get_customer_page_values(self):
        """Override of `order_status_flags` to add the withdrawal function and what was declared."""
        values = super()._get_customer_page_values()
        # sudo: customers do not read the settings
        if not values or not self.sudo().company_id.withdrawal_enabled:
            return values
        deadline = self._get_offered_deadline()
        return {
            **values,
            "withdrawal_offered": bool(deadline),
            "withdrawal_caption": self._get_withdrawal_caption(),
            "withdrawal_deadline": deadline and deadline.last_day,
            "withdrawals": self._get_customer_withdrawals(),
        }

    def _get_customer_withdrawals(self):
        """Return what the customer may read of the statements about this order, the newest first.

        Those that are certainly the customer's, and nothing that says who declared them.

        :rtype: list[dict] with ``number``, ``date`` (datetime, UTC), ``is_whole``, ``state``
            and ``articles`` (of a part: quantity and name of each)
        """
        self.ensure_one()
        # sudo: customers read no statements, only what this method picks
        statements = self.sudo().withdrawal_ids.filtered(lambda one: one._is_effective())
        return [
            {
                "number": statement.name,
                "date": statement.received_at,
                "is_whole": not statement.line_ids,
                "state": statement.state,
                "articles": [line._describe() for line in statement.line_ids],
            }
            for statement in statements
        ]

    @api.model
    def _get_tracking_page_fields(self):
        """Override of `order_status_flags` to read whose addresses tell the customer's country."""
        names = ("partner_invoice_id", "partner_shipping_id")
        return [*super()._get_tracking_page_fields(), *names]

    @api.model
    def _get_page_times(self, now):
        """Override of `order_status_flags` to end what is offered at the customer's own midnight.

        In whichever time zone: their midnights are at the quarters of an hour.
        """
        times = super()._get_page_times(now)
        if not self.env["res.company"]._is_withdrawal_used():
            return times
        return (*times, now.replace(minute=now.minute // 15 * 15, second=0).isoformat())

    @api.model
    def _select_page_rows(self, order):
        """Override of `order_status_flags` to add what was declared, and what decides until when
        and to whom the function is offered."""
        rows = super()._select_page_rows(order)
        if not self.env["res.company"]._is_withdrawal_used():
            return rows
        declared = self._select_versions(
            "sale_withdrawal_line line", SQL("line.withdrawal_id = declared.id")
        )
        calendar = self._select_version(
            "resource_calendar calendar", SQL("company.resource_calendar_id")
        )
        return [
            *rows,
            self._select_versions(
                "sale_withdrawal declared", SQL("declared.order_id = %s", order), declared
            ),
            self._select_version("res_partner billed", SQL("page.partner_invoice_id")),
            self._select_version("res_partner shipped", SQL("page.partner_shipping_id")),
            self._select_version("res_company company", SQL("page.company_id"), calendar),
            # Holidays, of which there are a few a year.
            self._select_versions(
                "resource_calendar_leaves holiday", SQL("holiday.resource_id IS NULL")
            ),
        ]

    def _notify_get_recipients_classify(
        self, message, recipients_data, model_description, msg_vals=False
    ):
        """Override of `mail` to give the customer's e-mails the link to the withdrawal function."""
        groups = super()._notify_get_recipients_classify(
            message, recipients_data, model_description, msg_vals=msg_vals
        )
        if len(self) != 1 or not self.sudo().company_id.withdrawal_enabled:  # sudo: a setting
            return groups
        url = self._get_withdrawal_url()
        if not url:
            return groups
        # Where there is no order status link, the public form is no secret.
        is_public = not self._get_tracking_url()
        return [
            {**group, "order_withdrawal_url": url}
            if is_public or "order_status_url" in group
            else group
            for group in groups
        ]
