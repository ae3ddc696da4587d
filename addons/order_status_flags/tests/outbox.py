from contextlib import contextmanager
from datetime import timedelta
from email import message_from_string, policy

from odoo import fields
from odoo.tools import mute_logger

from odoo.addons.base.tests.common import MockSmtplibCase

from .common import OrderStatusCommon

MAIL_LOGGER = "odoo.addons.mail.models.mail_mail"
SERVER_LOGGER = "odoo.addons.base.models.ir_mail_server"
QUEUE_LOGGER = "odoo.addons.mail_delivery_retry.models.mail_mail"
OUTBOX_LOGGER = "odoo.addons.order_status_flags.models.sale_order_status_history"


class OutboxCommon(MockSmtplibCase, OrderStatusCommon):
    """The outbox of the status history, with a mail server that answers as a test wants."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.mail_server"].search([]).active = False
        # Nothing of other tests or of the database is in the way.
        cls.env["mail.mail"].search([("state", "=", "outgoing")]).state = "cancel"
        cls.env["sale.order.status.history"].search([("mail_state", "=", "pending")]).write(
            {"mail_state": "suppressed"}
        )

    @contextmanager
    def _smtp(self, error=None):
        """A mail server that answers every mail with this error, or accepts it.

        A function is asked for each mail, with its recipients, and raises or not.
        """
        with self.mock_smtplib_connection():
            accept = self.testing_smtp_session.send_message
            attempts = self.attempts = []

            def send_message(message, smtp_from, smtp_to_list):
                attempts.append(smtp_to_list)
                if callable(error):
                    error(smtp_to_list)
                elif error is not None:
                    raise error
                return accept(message, smtp_from, smtp_to_list)

            self.testing_smtp_session.send_message = send_message
            yield

    def _run(self, error=None):
        with self._smtp(error), mute_logger(MAIL_LOGGER, SERVER_LOGGER, QUEUE_LOGGER):
            self._send_status_mails()
            with self.enter_registry_test_mode():
                self.env.ref("mail.ir_cron_mail_scheduler_action").method_direct_trigger()
        return [self._read(email) for email in self.emails]

    def _read(self, email):
        """Subject and readable text of a mail as the SMTP server got it."""
        message = message_from_string(email["message"], policy=policy.default)
        text = message.get_body(("html",)).get_content()
        return {"to": email["smtp_to_list"], "subject": message["subject"], "text": text}

    def _make_due(self, rows):
        rows.mail_mail_id.scheduled_date = fields.Datetime.now() - timedelta(minutes=1)

    def _flagged(self, **values):
        order = self._create_order(**values)
        order.set_order_flag(self.flag_in_progress.id)
        return order, self._rows(order)[-1]
