import json
import logging
import re

from odoo import SUPERUSER_ID, api, models
from odoo.fields import Command, Domain
from odoo.tools import email_normalize

from odoo.addons.mail_delivery_retry.attempt import may_be_told
from odoo.addons.mail_delivery_retry.language import get_active_lang

_logger = logging.getLogger(__name__)

# What stands between words in which there may be an order's number. A whole page may be typed into
# the field: of a long text only the beginning is looked at, each character once.
BETWEEN_WORDS = re.compile(r"[\s,;:#()\"'„”“]+")
LONGEST_REFERENCE = 2_000
# Of a short one, all of it is looked at as well: a number may have blanks in it.
LONGEST_NUMBER = 100
AROUND_NUMBERS = ".-!?<>[]"
MOST_NUMBERS = 10
ACTIVITY = "order_withdrawal.mail_activity_type_withdrawal"
ACTIVITY_UNMATCHED = "order_withdrawal.mail_activity_type_unmatched"


class SaleWithdrawal(models.Model):
    """Withdrawal: what follows from a recorded statement, each step done once.

    1. *acknowledged*: matched with an order, its quantities, the acknowledgement in the outbox;
    2. *complete*: the seller is told, the status event. Holding transfers needs no step: they ask.

    Each step is one transaction. A process killed in between leaves the step undone, and the
    scheduled action of the outbox does it.
    """

    _inherit = "sale.withdrawal"

    # === RUNNING === #

    @api.model
    def _process_in_own_transaction(self, withdrawal_id):
        """Do the steps of a statement; a step that fails is left to the scheduled action.

        :param int withdrawal_id: of a committed statement
        """
        for step in ("_acknowledge", "_take_effect"):
            try:
                with self.env.registry.cursor() as cr:
                    env = api.Environment(cr, SUPERUSER_ID, {})
                    record = env[self._name].browse(withdrawal_id)
                    if record.try_lock_for_update():
                        getattr(record, step)()
            except Exception:  # whatever an addon, a mail or a lock may bring: the record is there
                _logger.warning(
                    "Withdrawal %s: %s is done again later", withdrawal_id, step, exc_info=True
                )
                self._retry_soon()
                return

    @api.model
    def _retry_soon(self):
        try:
            with self.env.registry.cursor() as cr:
                api.Environment(cr, SUPERUSER_ID, {})[self._name]._trigger_outbox()
        except Exception:  # the action runs every quarter of an hour all the same
            _logger.warning("The outbox could not be woken", exc_info=True)

    def _trigger_outbox(self):
        """Have the scheduled action of the outbox run at once."""
        # Of these statements' company: else the user is read for his own.
        history = self.env["sale.order.status.history"].with_company(self[:1].company_id)
        history._trigger_mail_cron()

    @api.model
    def _process_pending(self, limit=100, after=0):
        """Do what is undone of the statements, each in a savepoint of its own.

        :param int limit: how many at most
        :param int after: id of the last one of the call before
        :return: id of the last one that was looked at, 0 when there are no more
        """
        pending = self.search(
            [("step", "!=", "complete"), ("id", ">", after)], order="id", limit=limit
        )
        for withdrawal in pending.try_lock_for_update():
            try:
                with self.env.cr.savepoint():
                    withdrawal._acknowledge()
                    withdrawal._take_effect()
            except Exception:  # one statement never stops the others
                _logger.warning("Withdrawal %s is done again later", withdrawal.id, exc_info=True)
        return pending[-1].id if len(pending) == limit else 0

    def _process_entered(self):
        """Do the steps of statements that a salesperson has entered, in the same transaction."""
        for withdrawal in self.sudo():  # sudo: mails and activities, whatever the rights
            withdrawal._acknowledge()
            withdrawal._take_effect()

    # === STEPS === #

    def _acknowledge(self):
        """Match the statement, keep its quantities, and put the acknowledgement into the outbox."""
        self.ensure_one()
        if self.step != "recorded":
            return
        if self.source != "staff":
            self._match_declared()
        self._queue_acknowledgement()
        self._set(step="acknowledged")

    def _take_effect(self):
        """Tell the seller; where the order is certain, its status event happens."""
        self.ensure_one()
        if self.step != "acknowledged":
            return
        if self._is_effective():
            self._affect_order()
        else:
            self._tell_of_unmatched()
        self._set(step="complete")

    def _is_effective(self):
        """Whether it is certain that the statement is about this order, so that it has effects."""
        self.ensure_one()
        return bool(self.order_id) and (self.is_verified or self.is_matched)

    def _affect_order(self):
        order = self.order_id
        self._tell_seller(order)
        order._trigger_status_event("withdrawal_received")

    # === MATCHING === #

    def _match_declared(self):
        orders = self.env["sale.order"]
        if self.source in ("tracking", "portal"):
            order, verified = orders.browse(self.claimed_order_id).exists(), True
        else:
            order, verified = self._find_order()
        if not order:
            return
        self._set(order_id=order.id, is_verified=verified, company_id=order.company_id.id)
        declared = json.loads(self.declared_lines or "{}")
        known = order.order_line._filter_withdrawable()
        commands = [
            Command.create({"order_line_id": line.id, "quantity": declared[str(line.id)]})
            for line in known
            if str(line.id) in declared
        ]
        if commands and not self.line_ids:
            self._set(line_ids=commands)

    def _find_order(self):
        """Return the one order that a number in the reference names, and whether the e-mail fits.

        As many queries for a number that exists as for one that does not.

        :rtype: tuple[sale.order, bool]
        """
        found = self.env["sale.order"].search(self._get_number_domain(self.order_reference))
        email = email_normalize(self.email, strict=False)
        fitting = found.filtered(lambda order: email and email in order._get_customer_emails())
        if len(fitting) == 1:
            return fitting, True
        return (found, False) if len(found) == 1 else (found.browse(), False)

    @api.model
    def _get_number_domain(self, reference):
        text = (reference or "")[:LONGEST_REFERENCE].strip(f"{AROUND_NUMBERS}# ")
        words = (word.strip(AROUND_NUMBERS) for word in BETWEEN_WORDS.split(text))
        numbers = [word for word in words if any(map(str.isdigit, word))][:MOST_NUMBERS]
        if numbers and len(text) <= LONGEST_NUMBER:
            numbers += [text, "".join(text.split())]
        spelled = {spelling for number in numbers for spelling in (number, number.upper())}
        if not spelled:
            return Domain.FALSE  # words alone name no order
        Order = self.env["sale.order"]
        companies = self.env["res.company"].search([("withdrawal_enabled", "=", True)])
        return (
            Domain("name", "in", list(spelled))
            & Domain("was_placed", "=", True)
            & Domain("company_id", "in", companies.ids)
            & Order._get_numbered_domain()
        )

    def _get_likely_orders(self, limit=20):
        """Return the orders that an unmatched statement may be about, the likeliest first.

        Those that it names, those of the same e-mail address, those of the same name.
        """
        self.ensure_one()
        Order = self.env["sale.order"]
        named = Order.search(self._get_number_domain(self.order_reference), limit=limit)
        placed = Domain("was_placed", "=", True) & Domain("company_id", "=", self.company_id.id)
        email = email_normalize(self.email or "", strict=False)
        same_email = email and Order.search(
            placed & Domain("partner_id.email_normalized", "=", email), limit=limit
        )
        same_name = self.partner_name and Order.search(
            placed & Domain("partner_id.name", "=ilike", self.partner_name), limit=limit
        )
        return (named | (same_email or Order) | (same_name or Order))[:limit]

    # === WHO IS TOLD === #

    def _tell_seller(self, order):
        """Schedule an activity on the order; one that is open already says the same."""
        activity_type = self.env.ref(ACTIVITY)
        if activity_type in order.activity_ids.activity_type_id:
            return
        user = self.user_id or order._get_cancellation_user()
        # No customer waits for a mail server until the seller is told.
        told = order.with_context(
            lang=get_active_lang(self.env, user.lang or self.env.lang),
            mail_notify_force_send=False,
        )
        summary = told.env._("Withdrawal %(number)s", number=self.name)
        if user:
            told.activity_schedule(ACTIVITY, summary=summary, user_id=user.id)
            self.env["mail.mail"]._trigger_queue()
        else:
            told._message_log(body=summary)

    def _tell_of_unmatched(self):
        """Schedule one activity for all statements of a company that wait to be matched.

        A flood of them makes one activity, not a thousand. Whoever has that of another company may
        not see this one.
        """
        # Kept in memory, where `env.ref` asks each time whether the type is there still.
        external_ids = self.env["ir.model.data"]
        type_id = external_ids._xmlid_to_res_id(ACTIVITY_UNMATCHED, raise_if_not_found=True)
        told = Domain("activity_ids.activity_type_id", "=", type_id)
        here = Domain("company_id", "=", self.company_id.id)
        if self.search_count(told & here, limit=1):
            return
        managers = self.env.ref("order_status_flags.group_status_manager").all_user_ids
        managers = managers.filtered(lambda user: may_be_told(self, user)).sorted("id")
        if managers:
            user = managers[0]
            in_words = self.with_context(
                lang=get_active_lang(self.env, user.lang), mail_notify_force_send=False
            )
            in_words.activity_schedule(
                ACTIVITY_UNMATCHED,
                summary=in_words.env._("Statements of withdrawal wait to be matched"),
                user_id=user.id,
            )
            self.env["mail.mail"]._trigger_queue()

    def _close_unmatched(self):
        """Take the activity off these statements; it moves on to those that still wait."""
        activity_type = self.env.ref(ACTIVITY_UNMATCHED)
        if activity_type not in self.activity_ids.activity_type_id:
            return
        self.activity_unlink([ACTIVITY_UNMATCHED])
        waiting = self._get_unmatched_domain() & Domain("id", "not in", self.ids)
        for _company, first_id in self._read_group(waiting, ["company_id"], ["id:min"]):
            self.browse(first_id)._tell_of_unmatched()
