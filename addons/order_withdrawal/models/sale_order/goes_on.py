from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.mail_delivery_retry.language import get_active_lang

ACTIVITY = "order_withdrawal.mail_activity_type_goes_on"


class SaleOrder(models.Model):
    """Withdrawal: another system goes on with an order that its customer has withdrawn from.

    What it says goes through: it may be right, and no outside system waits for a clerk. A person is
    told, once.
    """

    _inherit = "sale.order"

    def _after_status_changes(self, changes):
        """Override of `order_status_flags` to mark withdrawn orders that another system moves."""
        res = super()._after_status_changes(changes)
        moved = {change.order.id for change in changes if change.source == "feed"}
        if moved:
            # sudo: an event, whatever the rights of who causes it
            self.sudo().browse(moved)._mark_goes_on()
        return res

    def _after_outside_documents(self):
        """Override of `order_status_flags` to mark withdrawn orders that get documents."""
        res = super()._after_outside_documents()
        self._mark_goes_on()
        return res

    def _forget_former_requests(self):
        """Override of `order_status_flags`: an open withdrawal stays with who has declared it.

        The next customer would not have to pay, and wait for a withdrawal that is not his.

        :raise UserError: naming the statement
        """
        if withdrawal := self._get_open_withdrawals()[:1]:
            raise UserError(
                self.env._(
                    "The customer of %(order)s has withdrawn from it (%(withdrawal)s). Settle that"
                    " first, or make a new order for the other customer.",
                    order=self.name,
                    withdrawal=withdrawal.name,
                )
            )
        return super()._forget_former_requests()

    def _is_closed_to_payment(self):
        """Override of `order_status_flags`: what is withdrawn from as a whole is paid no more."""
        return super()._is_closed_to_payment() or self._is_withdrawn_from()

    def _is_withdrawn_from(self):
        """Whether the customer has withdrawn from the whole order, and was not refused.

        :rtype: bool
        """
        # sudo: a setting, and statements that customers and salespeople do not all read
        order = self.sudo()
        return order.company_id.withdrawal_enabled and any(
            statement._is_order_covered() for statement in order._get_open_withdrawals()
        )

    def _mark_goes_on(self):
        """Tell a person of those of the orders whose withdrawal is open, once a withdrawal."""
        domain = self._get_open_withdrawal_domain() & Domain("order_id", "in", self.ids)
        # sudo: an event, whatever the rights of who causes it
        statements = (
            self.env["sale.withdrawal"]
            .sudo()
            .search(domain & Domain("was_goes_on_told", "=", False))
        )
        for order in statements.order_id:
            user = order._get_cancellation_user()
            told = order.with_context(lang=get_active_lang(self.env, user.lang or self.env.lang))
            summary = told.env._("Goes on although the customer has withdrawn")
            if user:
                told.activity_schedule(ACTIVITY, summary=summary, user_id=user.id)
            else:
                told._message_log(body=summary)
        statements._set(was_goes_on_told=True)

    @api.model
    def _get_mark_types(self):
        """Override of `order_status_flags` to keep the mark of orders that go on."""
        return super()._get_mark_types() | self.env.ref(ACTIVITY)

    @api.model
    def _get_open_withdrawal_domain(self):
        """Return the domain of withdrawals that are certain, and not answered for good."""
        return Domain("state", "in", ("received", "accepted")) & (
            Domain("is_verified", "=", True) | Domain("is_matched", "=", True)
        )

    def _get_open_withdrawals(self):
        """Return the withdrawals from these orders that are certain, and not answered for good.

        :rtype: sale.withdrawal, sudo
        """
        domain = self._get_open_withdrawal_domain() & Domain("order_id", "in", self.ids)
        # sudo: asked by events and transfers, whose users may not read withdrawals
        return self.env["sale.withdrawal"].sudo().search(domain)
