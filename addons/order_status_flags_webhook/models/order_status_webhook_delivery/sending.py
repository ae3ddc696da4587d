from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...dispatcher import Dispatcher, Message, send_once
from ...pinned_connection import TOTAL_SECONDS
from ...signature import new_message_id
from .body import _dump

# The pauses that Standard Webhooks proposes, cut at the end of three days.
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
KEEP_TRYING = timedelta(days=3)
# What is due for its last attempt by then has had it.
LAST_TRY = timedelta(hours=1)
# A process that dies lets its messages go; one that lives is done by then.
CLAIM = timedelta(seconds=TOTAL_SECONDS * 4)
# An endpoint that does not answer three times running is tried with one message, not with all.
PATIENCE = 3
REST = timedelta(minutes=5)
MOST_ENDPOINTS = 50
WAIT = 0.5
CLASHES = 10


class OrderStatusWebhookDelivery(models.Model):
    """The scheduled action that sends the messages.

    One process, one database cursor, and a thread for each endpoint. A message is claimed by a
    commit before it is sent, and its answer is committed before the next one of that endpoint
    leaves: a process that is killed sends at most those again that were on their way.
    """

    _inherit = "order.status.webhook.delivery"

    # === THE RUN === #

    @api.model
    def _cron_deliver(self):
        """Send all that is due, in order for each order and endpoint."""
        with Dispatcher(self.env["order.status.webhook"]._allows_private()) as dispatcher:
            self._run(dispatcher)
        following = self._find_next_try()
        if following:
            self._trigger_cron(max(following, fields.Datetime.now()))
            self.env["ir.cron"]._commit_progress(remaining=0)

    @api.model
    def _run(self, dispatcher):
        answered, is_time_up = [], False
        self._commit_step(self._make_ready)
        while True:
            # Whose time is up goes on for those who are quick while it waits for a slow one.
            left_alone = dispatcher.busy | (dispatcher.slow if is_time_up else set())
            messages, seconds_left = self._commit_step(self._take_turn, answered, left_alone)
            for message in messages:
                dispatcher.send(message)
            is_time_up = seconds_left <= 0
            if not dispatcher.busy or (is_time_up and not dispatcher.held_up):
                break
            answered = dispatcher.collect(timeout=WAIT)
            if not answered:
                # What has happened meanwhile waits for no slow endpoint.
                self._commit_step(self._make_ready)
        while dispatcher.busy:
            self._commit_step(self._settle_all, dispatcher.collect(timeout=WAIT))

    @api.model
    def _commit_step(self, step, *args):
        """Take a step and commit it; when another transaction was quicker, once more.

        :param step: method that may be called again after a rollback
        :return: what the step returned, and how many seconds the scheduled action has left
        """
        for clash in range(CLASHES):
            try:
                return step(*args), self.env["ir.cron"]._commit_progress()
            except psycopg2.OperationalError:
                self.env.cr.rollback()
                self.env.invalidate_all()
                if clash == CLASHES - 1:
                    raise
        return None

    @api.model
    def _make_ready(self):
        """Make what is to be said, and give up what waits in vain."""
        self._make_bodies()
        old = Domain("begun", "<", fields.Datetime.now() - KEEP_TRYING - LAST_TRY)
        old &= Domain("state", "=", "pending")
        off = self.search(old & Domain("webhook_id.active", "=", False))
        for webhook, rows in off.grouped("webhook_id").items():
            env = webhook._speak_to_responsible().env
            rows._give_up(env._("The webhook was switched off."))
        dead = self.search(old & Domain("webhook_id.failures", ">=", PATIENCE))
        for webhook, rows in dead.grouped("webhook_id").items():
            env = webhook._speak_to_responsible().env
            rows._give_up(env._("The endpoint did not answer for three days."))
            webhook._tell_failed()

    @api.model
    def _take_turn(self, answered, left_alone):
        """Write down the answers and claim the next message of each endpoint that waits.

        :param answered: ``[(Message, Answer)]``
        :param set left_alone: ids of the endpoints that get none now
        :rtype: list[Message]
        """
        self._settle_all(answered)
        return self._claim(left_alone)

    # === CLAIMING === #

    @api.model
    def _claim(self, busy=()):
        """Claim the next message of each endpoint, and return them.

        The first one that is due, unless an earlier one of the same order still waits. Rows that
        another process is just claiming are skipped, those that it has claimed are not due.

        :param busy: ids of the endpoints that get none now
        :rtype: list[Message]
        """
        self.flush_model()
        self.env["order.status.webhook"].flush_model()
        now = fields.Datetime.now()
        rows = self.env.execute_query(
            SQL(
                """
                -- Materialized: run once, since each run locks other rows.
                WITH found AS MATERIALIZED (
                    SELECT head.id, webhook.id AS webhook_id, webhook.url
                      FROM order_status_webhook webhook
                CROSS JOIN LATERAL (
                        SELECT due.id
                          FROM order_status_webhook_delivery due
                         WHERE due.webhook_id = webhook.id
                           AND due.state = 'pending'
                           AND due.next_try <= %(now)s
                           AND due.body IS NOT NULL
                           AND (due.claimed_until IS NULL OR due.claimed_until < %(now)s)
                           AND NOT EXISTS (
                                SELECT 1 FROM order_status_webhook_delivery earlier
                                 WHERE earlier.webhook_id = due.webhook_id
                                   AND earlier.order_id = due.order_id
                                   AND earlier.state = 'pending'
                                   AND earlier.id < due.id
                           )
                      ORDER BY due.next_try, due.id
                         LIMIT 1
                    FOR UPDATE OF due SKIP LOCKED
                    ) head
                     WHERE webhook.active
                       AND webhook.id != ALL(%(busy)s)
                       AND (webhook.resting_until IS NULL OR webhook.resting_until <= %(now)s)
                     LIMIT %(most)s
                )
                UPDATE order_status_webhook_delivery delivery
                   SET claimed_until = %(until)s, attempts = delivery.attempts + 1
                  FROM found
                 WHERE delivery.id = found.id
             RETURNING delivery.id, found.webhook_id, found.url, delivery.message_id, delivery.body
                """,
                until=now + CLAIM,
                now=now,
                busy=list(busy),
                most=max(MOST_ENDPOINTS - len(busy), 0),
            )
        )
        self.invalidate_model(["claimed_until", "attempts"], flush=False)
        keys = self.env["order.status.webhook"].browse(row[1] for row in rows)._get_keys()
        return [
            Message(row_id, webhook_id, url, keys[webhook_id], message_id, body.encode())
            for row_id, webhook_id, url, message_id, body in rows
        ]

    @api.model
    def _find_next_try(self):
        """Return when the next message that waits is due, or False."""
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT MIN(GREATEST(delivery.next_try, webhook.resting_until,
                                    delivery.claimed_until))
                  FROM order_status_webhook_delivery delivery
                  JOIN order_status_webhook webhook ON webhook.id = delivery.webhook_id
                 WHERE delivery.state = 'pending'
                   AND webhook.active
                   AND NOT EXISTS (
                        SELECT 1 FROM order_status_webhook_delivery earlier
                         WHERE earlier.webhook_id = delivery.webhook_id
                           AND earlier.order_id = delivery.order_id
                           AND earlier.state = 'pending'
                           AND earlier.id < delivery.id
                   )
                """
            )
        )
        return rows[0][0] or False

    # === ANSWERS === #

    @api.model
    def _settle_all(self, answered):
        """Write down what became of messages.

        :param answered: ``[(Message, Answer)]``
        """
        for message, answer in answered:
            delivery = self.browse(message.id).exists()
            # Deleted meanwhile, with its order or its webhook: nobody wants to know.
            if delivery:
                delivery._settle(answer)

    def _settle(self, answer):
        now = fields.Datetime.now()
        # Nobody to be spoken to where all is well.
        reader = self if answer.is_success else self.webhook_id._speak_to_responsible()
        values = {
            "claimed_until": False,
            "answer_code": answer.status,
            "answer": self.with_env(reader.env)._describe_answer(answer),
        }
        if answer.is_success:
            self.write({**values, "state": "sent", "sent_on": now})
            self.webhook_id._on_success()
        elif answer.is_gone:
            self.write({**values, "state": "failed"})
            self.webhook_id._on_gone()
        else:
            self.write({**values, **self._prepare_retry(now)})
            self._rest_endpoint(answer, now)
            if self.state == "failed":
                self.webhook_id._tell_failed()

    def _prepare_retry(self, now):
        """Return when it is tried again, or that it is given up. The last attempt lies at the very
        end of the three days."""
        end = self.begun + KEEP_TRYING
        if now >= end:
            return {"state": "failed"}
        pause = PAUSES[min(max(self.attempts, 1), len(PAUSES)) - 1]
        return {"next_try": min(now + pause, end)}

    def _rest_endpoint(self, answer, now):
        """Leave an endpoint alone that does not answer: one message at a time finds out whether it
        is back, and not each of a thousand."""
        webhook = self.webhook_id
        is_resting = not answer.status and webhook.failures + 1 >= PATIENCE
        webhook._on_failure(now, rest=now + REST if is_resting else None)

    @api.model
    def _describe_answer(self, answer):
        """Return in words what was answered, or why nothing was.

        :param Answer answer: of the endpoint
        :rtype: str
        """
        if answer.is_redirect:
            redirect = self.env._("A redirect counts as a failure: give the final address.")
            return f"{_clean(answer.text)}\n{redirect}"
        if not answer.failure:
            return _clean(answer.text)
        return {
            "timeout": self.env._("No answer in time."),
            "refused_address": self.env._(
                "The name leads to a private network, where no webhook goes."
            ),
            "unknown_host": self.env._("No such host."),
            "tls": self.env._("No secure connection: the certificate is not valid."),
            "too_much": self.env._("The answer had no end."),
            "no_http": self.env._("The answer was no HTTP."),
            "no_connection": self.env._("The connection was refused."),
            "connection_lost": self.env._("The connection broke."),
            "bad_url": self.env._("The address is not valid."),
        }.get(answer.failure) or self.env._("Sending failed.")

    # === TRYING AN ENDPOINT === #

    @api.model
    def _send_test(self, webhook):
        """Send a test message here and now, and return its delivery.

        :param order.status.webhook webhook: one that the user may change
        """
        now = fields.Datetime.now()
        body = _dump(self._prepare_test())
        # sudo: nobody makes deliveries by hand, this is the one way to
        delivery = self.sudo().create(
            {
                "webhook_id": webhook.id,
                "message_id": new_message_id(),
                "body": body,
                "date": now,
                "begun": now,
                "attempts": 1,
            }
        )
        message = Message(
            delivery.id,
            webhook.id,
            webhook.url,
            webhook._get_keys()[webhook.id],
            delivery.message_id,
            body.encode(),
        )
        answer = send_once(message, webhook._allows_private())
        delivery.write(
            {
                "state": "sent" if answer.is_success else "failed",
                "sent_on": now if answer.is_success else False,
                "answer_code": answer.status,
                "answer": self._describe_answer(answer),
            }
        )
        if answer.is_success:
            # sudo: deliveries are nobody's to write; what was put off is sent now
            webhook.sudo()._on_success()
            self.sudo()._hasten(webhook)
            self._trigger_cron()
        return delivery


def _clean(text):
    """Return a text as the database takes it."""
    return text.replace("\x00", "")[:2500]
