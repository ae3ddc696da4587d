from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.order_status_flags.typed_text import clean_text

DECLINE_LENGTH = 2_000
# What each button may follow.
ALLOWED_FROM = {
    "accepted": ("received", "declined"),
    "declined": ("received", "accepted"),
    "done": ("received", "accepted"),
    "reopened": ("done",),
}


class SaleWithdrawal(models.Model):
    """Withdrawal: the buttons of the clerk."""

    _inherit = "sale.withdrawal"

    # === ACTION METHODS === #

    def action_accept(self):
        """Accept the withdrawals; an order of which nothing has left is cancelled.

        Where the customer keeps a part of the order, or goods are with him, the order goes on, and
        the other buttons help with return and refund. Parts that were accepted before count. The
        customer is told, where it is sure who that is.

        :return: True
        :raise UserError: when no order is matched, or it was answered in a way that rules this out
        :raise AccessError: without write access to the statements and their orders
        """
        self._check_clerk()
        self._take_turn()
        for withdrawal in self:
            withdrawal._check_matched()
            if withdrawal.state == "accepted":
                continue
            withdrawal._check_step_to("accepted")
            withdrawal._vouch()
            withdrawal._set(state="accepted", decline_reason=False)
            withdrawal._cancel_unshipped_order()
            withdrawal._queue_answer("accepted")
            withdrawal._close_activities()
        return True

    def action_decline(self, reason):
        """Decline the withdrawals, and tell why where it is sure who the customer is.

        :param str reason: told to the customer
        :return: True
        :raise UserError: without a reason, or when it was answered in a way that rules this out
        :raise AccessError: without write access to the statements and their orders
        """
        self._check_clerk()
        too_long = self.env._("The reason is too long: at most 2,000 characters.")
        reason = clean_text(reason, DECLINE_LENGTH, too_long)
        if not reason:
            raise UserError(self.env._("Please say why it is declined."))
        for withdrawal in self:
            withdrawal._check_step_to("declined")
            withdrawal._set(state="declined", decline_reason=reason)
            withdrawal._queue_answer("declined")
            withdrawal._close_activities()
        return True

    def action_done(self):
        """Note that everything is done: the goods are back, the money is refunded.

        A customer who has had no answer until then is told that the withdrawal is accepted.

        :return: True
        :raise UserError: when no order is matched, or the withdrawal was declined
        :raise AccessError: without write access to the statements and their orders
        """
        self._check_clerk()
        for withdrawal in self.filtered(lambda withdrawal: withdrawal.state != "done"):
            withdrawal._check_matched()
            withdrawal._check_step_to("done")
            withdrawal._vouch()
            was_answered = withdrawal.state == "accepted"
            withdrawal._set(state="done")
            if not was_answered:
                withdrawal._queue_answer("accepted")
            withdrawal._close_activities()
        return True

    def action_reopen(self):
        """Take back that everything is done: goods or money are still to come.

        The statements are accepted again and hold what they held. No order is cancelled, which a
        slip of the hand must not bring about.

        :return: True
        :raise UserError: when the withdrawal is not done, or was anonymised
        :raise AccessError: without write access to the statements and their orders
        """
        self._check_clerk()
        self._take_turn()
        for withdrawal in self:
            if withdrawal.is_anonymised:
                raise UserError(
                    self.env._(
                        "%(number)s was anonymised, so it cannot be opened again.",
                        number=withdrawal.name,
                    )
                )
            withdrawal._check_step_to("reopened")
            withdrawal._set(state="accepted")
        return True

    def action_match(self, order_id):
        """Say which order is meant; from then on the statement has its effects.

        One that was declined as nobody's is open again.

        :param int order_id: id of an order that was placed
        :return: True
        :raise UserError: when it is no such order, or another one is matched for certain
        :raise AccessError: without write access to the statement and the order
        """
        self.ensure_one()
        self._check_clerk()
        order = self._browse_order(order_id)
        if self._is_effective() and self.order_id != order:
            raise UserError(
                self.env._(
                    "%(number)s belongs to %(order)s already, and has had its effects there.",
                    number=self.name,
                    order=self.order_id.display_name,
                )
            )
        if self._is_effective():
            return True
        if self.order_id != order and self.line_ids:
            raise UserError(
                self.env._("Its quantities are those of %(order)s.", order=self.order_id.name)
            )
        self._set(order_id=order.id, company_id=order.company_id.id)
        if self.state == "declined":
            # Declined while nobody knew the order, so that nobody was told: it begins anew.
            self._set(state="received", decline_reason=False)
        self._vouch()
        return True

    def action_create_return(self):
        """Make the return transfer of the withdrawn goods.

        A hook: addons that know of transfers make it.

        :return: action that opens it
        :raise UserError: when there is nothing to be returned
        :raise AccessError: without write access to the statement and its order
        """
        self.ensure_one()
        self._check_clerk()
        self._check_matched()
        raise UserError(
            self.env._("Transfers are the matter of the Inventory app, which is not installed.")
        )

    # === CHECKS === #

    def _check_clerk(self):
        """Check that the user may act on these statements: by the rules of statements and orders.

        What was left undone of them is done first, so that a person decides on what was declared,
        its order and quantities, and not on the half of it.

        :raise AccessError: otherwise
        """
        self.check_access("write")
        self._catch_up()
        self.order_id.check_access("write")

    def _catch_up(self):
        """Do the steps that a process which was killed has not come to."""
        # sudo: as the scheduled action does them, whatever the clerk's rights
        for statement in self.sudo().filtered(lambda statement: statement.step != "complete"):
            statement._acknowledge()
            statement._take_effect()

    def _check_matched(self):
        self.ensure_one()
        if not self.order_id:
            raise UserError(
                self.env._("Please match %(number)s with its order first.", number=self.name)
            )

    def _check_step_to(self, state):
        if self.state not in ALLOWED_FROM[state]:
            names = dict(self._fields["state"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "%(number)s is in the state “%(state)s”, so this is not possible any more.",
                    number=self.name,
                    state=names[self.state],
                )
            )

    def _browse_order(self, order_id):
        if isinstance(order_id, int) and not isinstance(order_id, bool):
            order = self.env["sale.order"].browse(order_id).exists()
            if order:
                order.check_access("write")
                if order.was_placed:
                    return order
        raise UserError(self.env._("There is no such order, or it was not placed yet."))

    # === WHAT FOLLOWS === #

    def _take_turn(self):
        """Let one clerk at a time answer the statements about an order.

        Whether a part is the last one is told by the other statements. Their rows are written, not
        only locked: a transaction that began before another answer was committed cannot know of
        it, gets a serialization failure here, and Odoo runs it again on fresh data.
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE sale_withdrawal SET step = step WHERE id = ANY(%s) OR order_id = ANY(%s)",
                self.ids,
                self.order_id.ids,
            )
        )
        self.env.invalidate_all()

    def _vouch(self):
        """Note that a person vouches for the order of this statement; its effects follow, once."""
        if self._is_effective():
            return
        self._set(is_matched=True)
        statement = self.sudo()  # sudo: mails, activities and events, whatever the clerk's rights
        statement._queue_to_given()
        statement._affect_order()
        statement._close_unmatched()
        statement._set(step="complete")

    def _close_activities(self):
        # sudo: activities of colleagues
        statement = self.sudo()
        statement._close_unmatched()
        others = statement.search_count(
            [("order_id", "=", statement.order_id.id), ("state", "=", "received")], limit=1
        )
        if statement.order_id and not others:
            statement.order_id.activity_unlink(["order_withdrawal.mail_activity_type_withdrawal"])

    def _cancel_unshipped_order(self):
        """Cancel the order of which nothing has left, if nothing of it is kept."""
        # sudo: which goods have left counts, whether the clerk may read that or not
        order = self.order_id.sudo()
        order._lock_for_status_change()
        # sudo: the statements of colleagues about it count as well
        covered = self.sudo()._is_order_covered()
        if order.state == "cancel" or not covered or order._has_left_house():
            return
        order = self.order_id
        if order.locked:
            order.action_unlock()
        order.action_cancel()
