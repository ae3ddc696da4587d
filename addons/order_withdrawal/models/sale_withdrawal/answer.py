from odoo import fields, models
from odoo.tools import format_date

# What calls an answer off that has not left yet.
OPPOSITE = {"accepted": "declined", "declined": "accepted"}


class SaleWithdrawal(models.Model):
    """Withdrawal: what the customer is told of the clerk's decision.

    The acknowledgement says that we come back to him: with an acceptance as with a refusal.
    """

    _inherit = "sale.withdrawal"

    # === OUTBOX === #

    def _get_answer_recipients(self):
        """Return whom a decision is told: nobody where it is not sure who the customer is.

        :rtype: list[str]
        """
        self.ensure_one()
        if not (self.is_verified or self.is_matched):
            return []
        return self._get_recipients()[-1:]

    def _queue_answer(self, kind):
        """Tell the customer of the decision, where it is sure who the customer is.

        :param str kind: ``accepted`` or ``declined``
        """
        statement = self.sudo()  # sudo: nobody writes the outbox
        statement._call_off_answers(OPPOSITE[kind])
        emails = statement._get_answer_recipients()
        if not statement.mail_ids._is_wanted(kind):
            return
        if kind == "accepted":
            # A refusal that was called off has changed nothing for who had read an acceptance.
            emails = [email for email in emails if statement._get_last_told(email) != kind]
        for email in emails:
            statement.mail_ids._queue(statement, kind, email)
        statement._trigger_outbox()

    def _get_last_told(self, email):
        """Return the kind of the last answer that left for an address, or None."""
        told = self._get_told_answers().filtered(lambda mail: mail.email == email)
        return told[-1:].kind or None

    def _get_told_answers(self):
        """Return the answers that left, the last one last."""
        return self.mail_ids.filtered(
            lambda mail: mail.kind in OPPOSITE and mail.mail_state == "sent"
        ).sorted("id")

    def _call_off_answers(self, kind):
        """Tell nobody of a decision any more that was taken back."""
        reasons = {
            "declined": self.env._("The withdrawal is declined no longer."),
            "accepted": self.env._("The withdrawal is accepted no longer."),
        }
        answers = self.mail_ids.filtered(lambda mail: mail.kind == kind)
        unsent = answers.filtered(lambda mail: mail.mail_state in ("pending", "failed"))
        unsent._call_off(reasons[kind])

    def _queue_missing_answer(self):
        """Put the answer into the outbox for who is to read it only now.

        An acceptance only where one was told before: what was accepted when there was no such
        e-mail is told nobody by a button that says *Resend*.

        :return: the new rows
        """
        kind = {"declined": "declined", "accepted": "accepted", "done": "accepted"}.get(self.state)
        known = self.mail_ids.filtered(lambda mail: mail.kind == kind)
        if kind is None or (kind == "accepted" and not known):
            return self.mail_ids.browse()
        return self._queue_missing(kind, self._get_answer_recipients())

    # === WHAT AN ACCEPTANCE SAYS === #

    def _get_acceptance_facts(self):
        """Return what is true of this case, for the e-mail that tells of the acceptance.

        By Directive 2011/83/EU, as it reads; what a court makes of it nobody has asked, see
        `docs/withdrawal.md`.

        :return: dict of

            - ``articles``: quantity and name of each where it is a part, else empty
            - ``is_cancelled``: the order ends, and the customer has nothing of it
            - ``has_goods``: the customer has goods that go back (Article 14(1)): without undue
              delay, and at the latest 14 days from the day of the statement
            - ``return_by``: that day in words, False when it is over
            - ``address``: where they go
            - ``has_paid``: there is money to be paid back (Article 13(1)); with goods out, we may
              wait for them, or for proof that they were sent (Article 13(3))
            - ``refund_by``: the day in words, False when it is over
            - ``was_declined``: an earlier answer said something else
        """
        self.ensure_one()
        # sudo: read for an e-mail, whoever makes it
        statement = self.sudo()
        order = statement.order_id
        lines = statement._get_withdrawn_lines()
        handed_over = any(line._is_handed_over() for line in lines)
        # What is done needs nothing more of anybody.
        is_open = statement.state != "done"
        has_goods = is_open and (handed_over or order._is_shipped_elsewhere())
        has_paid = statement.currency_id.compare_amounts(statement.amount_paid, 0) > 0
        company = statement.company_id
        address = company.partner_id._display_address(without_company=True).strip()
        # Both periods are of 14 days, and begin with the statement.
        day = statement.refund_due
        is_to_come = day >= fields.Date.context_today(self.with_context(tz=self._get_zone()))
        told = is_to_come and format_date(self.env, day)
        return {
            "articles": [line._describe() for line in statement.line_ids],
            "is_cancelled": is_open and order.state == "cancel" and not has_goods,
            "has_goods": has_goods,
            "return_by": told,
            "address": f"{company.name}\n{address}",
            "has_paid": is_open and has_paid,
            "refund_by": told,
            "was_declined": "declined" in statement._get_told_answers().mapped("kind"),
        }
