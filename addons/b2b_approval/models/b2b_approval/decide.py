from odoo import fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.b2b_account import rights
from odoo.addons.order_status_flags.typed_text import clean_text

from ...context_keys import DECIDING
from ...exceptions import NotPlacedError

COMMENT_SIZE = 2000


class B2bApproval(models.Model):
    """Decisions: approve, decline, withdraw; one rule for page, e-mail and RPC."""

    _inherit = "b2b.approval"

    # === PUBLIC METHODS === #

    def approve(self, comment=False, accept_changes=False, quantities=None):
        """Approve requests, as a colleague who has to decide; the last step places the order.

        :param str comment: told to the buyer
        :param bool accept_changes: order at the prices and terms of today
        :param dict quantities: `{order line id: lower quantity}`, 0 takes a line out
        :return: True
        :raise AccessError: for whoever is not concerned
        :raise UserError: when it is decided already; when prices or terms changed, naming them;
            with what keeps the order from being placed
        """
        member = self._get_own_member()
        with self.env.cr.savepoint():  # a refusal leaves nothing half done, whoever catches it
            for approval in self._get_asked():
                approval._approve_as(member, comment, accept_changes, quantities)
        return True

    def decline(self, comment):
        """Decline requests, as a colleague who has to decide.

        :param str comment: the reason, told to the buyer
        :return: True
        :raise AccessError: for whoever is not concerned
        :raise UserError: without a comment, or when it is decided already
        """
        for approval in self._get_asked():
            approval._decline_as(self._get_own_member(), comment)
        return True

    def withdraw(self):
        """Take own requests back.

        :return: True
        :raise AccessError: for everybody but the buyer and his company's administrators
        :raise UserError: when it is decided already
        """
        partner = self.env.user.partner_id
        for approval in self._get_asked():
            approval._withdraw_as(partner)
        return True

    def _get_asked(self):
        """Return the requests in the mode in which they are decided; the caller checks who asks.

        :raise AccessError: when one is not there, as for one that is somebody else's
        """
        # sudo: nobody of the customer reads or writes requests; each method checks by itself
        found = self.sudo().exists().with_context(b2b_deciding=DECIDING, tracking_disable=True)
        if not found or len(found) < len(self):
            raise AccessError(self._get_stranger_refusal())
        return found

    def _get_own_member(self):
        """Return the record of the current user, empty when there is none, in sudo mode."""
        return self.env.user.partner_id._get_b2b_member().filtered("active")

    def _get_stranger_refusal(self):
        return self.env._("This request for approval is not yours to decide on.")

    # === DECISIONS === #

    def _lock(self):
        """Lock order and request until the end of the transaction.

        Whoever waited for another decision runs again on fresh data: that one changed the row.
        """
        self.order_id._lock_for_status_change()
        self.lock_for_update(allow_referencing=True)
        self.invalidate_recordset()

    def _approve_as(self, member, comment, accept_changes=False, quantities=None):
        """Approve as one colleague, see `approve`.

        :param b2b.member member: who decides
        """
        tasks, for_member = self._take_decision(member)
        order = self.order_id.with_company(self.company_id)
        changes = self._accept_changes(order, accept_changes, quantities)
        decision = self._write_decision("approved", member, for_member, comment, changes)
        tasks.decision_id = decision
        try:
            self._go_on(order)
        except AccessError:
            raise
        except UserError as error:
            raise NotPlacedError(str(error)) from error
        self.order_id._touch_for_status()

    def _go_on(self, order):
        """Ask whoever comes next, or place the order.

        :param sale.order order: of the request
        :raise UserError: with what keeps the order from being placed
        """
        self._ask_for_more(order)
        if self._get_open_tasks():
            self._open_step()
        else:
            order._place_b2b_approved()
            self.write({"state": "approved", "step": 0, "problem": False})
            self._tell_requester()

    def _decline_as(self, member, comment):
        """Decline as one colleague, see `decline`.

        :param b2b.member member: who decides
        """
        _tasks, for_member = self._take_decision(member)
        if not clean_text(comment):
            raise UserError(self.env._("Please say why you decline."))
        self._write_decision("declined", member, for_member, comment)
        self._close("declined")
        self._tell_requester()

    def _withdraw_as(self, partner):
        """Withdraw as one contact, see `withdraw`.

        :param res.partner partner: who withdraws
        """
        if not self._may_withdraw(partner):
            raise AccessError(self._get_stranger_refusal())
        self._lock()
        self._check_pending()
        member = partner._get_b2b_member()
        self._write_decision("withdrawn", member, member.browse(), False, partner=partner)
        self._close("withdrawn")
        if partner != self.requested_by_id:
            self._tell_requester()

    def _may_withdraw(self, partner):
        """Whether a contact may take this request back: the buyer, and who administrates.

        :param res.partner partner: who asks
        :rtype: bool
        """
        # sudo: buyers may not read all contacts
        same = partner.sudo().commercial_partner_id == self.customer_id
        own = partner == self.requested_by_id
        return same and (own or partner._b2b_may(rights.ADMINISTRATE))

    def _expire(self):
        """Let a request expire on which nobody decided in time."""
        self._lock()
        if self.state != "pending":
            return
        # sudo: empty, in the mode of the full ones
        none = self.env["b2b.member"].sudo()
        self._write_decision("expired", none, none, False)
        self._close("expired")
        self._tell_requester()

    def _close(self, state):
        """End the request without an order; what it reserved is free again."""
        self.write({"state": state, "step": 0})
        self.order_id._touch_for_status()

    def _take_decision(self, member):
        """Lock the request, and return what a colleague decides on now.

        All tasks that are his, later ones too: nobody is asked twice.

        :param b2b.member member: who decides, may be empty
        :return: tasks, and for whom he stands in
        :rtype: tuple
        :raise AccessError: when nothing of it was ever his
        :raise UserError: when it is decided, expired, or not his turn
        """
        if not member or member.company_partner_id != self.customer_id:
            raise AccessError(self._get_stranger_refusal())
        self._lock()
        mine = {task: task._get_deciders() for task in self.task_ids}
        mine = {task: who for task, who in mine.items() if member in who}
        if not mine:
            raise AccessError(self._get_stranger_refusal())
        self._check_pending()
        current = self._get_current_tasks()
        if not any(task in current for task in mine):
            raise UserError(self._get_turn_refusal())
        # sudo: the tasks were found in sudo; the caller's part in them was just checked
        tasks = self.env["b2b.approval.task"].sudo().union(*mine)
        return tasks.filtered(lambda task: not task.decision_id), next(
            (who[member] for task, who in mine.items() if task in current), member.browse()
        )

    def _check_pending(self):
        """Tell who has decided already.

        :raise UserError: when it is not pending any more, or its time is over
        """
        if self.state == "pending" and self.expires_on > fields.Datetime.now():
            return
        raise UserError(self._describe_state())

    def _get_turn_refusal(self):
        """Return that somebody else decides now, or has decided a moment ago."""
        last = self.decision_ids[-1:]
        if last.decision == "approved":
            return self.env._(
                "%(colleague)s has approved this request. Others decide now.",
                colleague=last.partner_id.name,
            )
        return self.env._("Others decide first on this request.")

    def _accept_changes(self, order, accept_changes, quantities):
        """Bring a request up to today, as its approver sees it.

        :param sale.order order: of the request
        :param bool accept_changes: prices and terms of today are fine
        :param dict quantities: see `approve`
        :return: what he changed or accepted, in words
        :rtype: list[str]
        :raise UserError: naming what changed, unless that is accepted
        """
        changed = order._get_b2b_request_changes(self)
        before = order._get_b2b_net_prices() if quantities else {}
        lowered = order._lower_b2b_quantities(quantities)
        if lowered:
            changed += order._get_b2b_price_rises(before, order._get_b2b_net_prices())
        if changed and not accept_changes:
            head = self.env._("Something changed since the request. Please look at it again:")
            raise UserError("\n".join([head, *changed]))
        if changed or lowered:
            if order._is_b2b_request_late():
                order.commitment_date = False
            order._refresh_b2b_lines()
            self.write(self._prepare_statement(order))
        return changed + lowered

    def _ask_for_more(self, order):
        """Ask whom the rules name now and did not name at the request: amounts may have risen.

        Whoever has approved already is not asked again.
        """
        values = {
            "cost_center_id": order.cost_center_id.id,
            "partner_shipping_id": order.partner_shipping_id.id,
        }
        steps = order._get_b2b_asked_steps(order._get_b2b_facts(values))
        asked = self.task_ids._get_keys()
        missing = [step for step in steps if step.key not in asked]
        if not missing:
            return
        order._check_b2b_deciders(missing)
        known = self.task_ids
        self._add_tasks(missing)
        approved = self.decision_ids.filtered(lambda one: one.decision == "approved")
        for task in self.task_ids - known:  # rare, and few
            deciders = task._get_deciders()
            task.decision_id = approved.filtered(lambda one: one.member_id in deciders)[:1]  # noqa: B023

    def _write_decision(self, decision, member, for_member, comment, changes=(), partner=None):
        """Write what was decided; nothing alters it afterwards.

        :return: the decision
        :rtype: b2b.approval.decision
        """
        comment = clean_text(
            comment,
            COMMENT_SIZE,
            self.env._("Your comment is too long: at most %(size)s characters.", size=COMMENT_SIZE),
        )
        # sudo: nobody may write decisions; this is the one place that does
        return (
            self.env["b2b.approval.decision"]
            .sudo()
            .with_context(b2b_deciding=DECIDING)
            .create(
                {
                    "approval_id": self.id,
                    "decision": decision,
                    "member_id": member.id,
                    "for_member_id": for_member.id,
                    "partner_id": (partner or member.partner_id).id,
                    "step": self.step,
                    "comment": comment,
                    "changes": "\n".join(changes),
                }
            )
        )
