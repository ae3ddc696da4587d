from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL

from ...signature import new_secret

# How long messages carry the signature of the secret before, too.
ROTATION = timedelta(hours=24)


class OrderStatusWebhook(models.Model):
    """The secrets of a webhook, which sign its messages.

    They are columns that no field reads: neither a list, an export, a copy nor a call from
    outside ever brings one back.
    """

    _inherit = "order.status.webhook"

    secret = fields.Char(
        compute="_compute_secret",
        help="Always empty: a secret is shown once, when it is made.",
    )
    secret_date = fields.Datetime(
        string="Secret made on", readonly=True, copy=False, help="Empty: nobody knows it yet."
    )
    previous_secret_until = fields.Datetime(
        string="Secret before valid until",
        readonly=True,
        copy=False,
        help="Until then messages carry two signatures, so that the receiver can change over.",
    )

    def init(self):
        """Override of `base` to add the columns of the secrets."""
        self.env.cr.execute(
            """
            ALTER TABLE order_status_webhook
            ADD COLUMN IF NOT EXISTS secret_key varchar,
            ADD COLUMN IF NOT EXISTS previous_secret_key varchar
            """
        )

    def _compute_secret(self):
        self.secret = False

    def action_new_secret(self):
        """Make a new secret and return it, this one time; the one before counts for 24 hours.

        :return: the secret, ``whsec_`` and base64
        :rtype: str
        :raise AccessError: for whoever may not set up webhooks
        """
        self.ensure_one()
        self.check_access("write")
        is_known = bool(self.secret_date)
        secret = self._replace_secrets(keep=is_known)[self.id]
        self.write(
            {
                "secret_date": fields.Datetime.now(),
                "previous_secret_until": fields.Datetime.now() + ROTATION if is_known else False,
            }
        )
        self.message_post(body=self.env._("A new secret was made."))
        return secret

    def action_show_new_secret(self):
        """Make a new secret and show it in a dialog, this one time.

        :return: the dialog
        :raise AccessError: for whoever may not set up webhooks
        """
        secret = self.action_new_secret()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("New secret"),
            "res_model": "order.status.webhook.secret.show",
            "view_mode": "form",
            "target": "new",
            "context": {"default_secret": secret},
        }

    def action_forget_previous_secret(self):
        """End the time in which the secret before is still valid.

        :return: True
        :raise AccessError: for whoever may not set up webhooks
        """
        self.check_access("write")
        self.env.cr.execute(
            SQL(
                "UPDATE order_status_webhook SET previous_secret_key = NULL WHERE id = ANY(%s)",
                self.ids,
            )
        )
        self.previous_secret_until = False
        return True

    def _replace_secrets(self, keep=False):
        """Give each webhook a new secret.

        :param bool keep: whether the one before remains as the second one
        :return: ``{webhook id: secret}``
        :rtype: dict
        """
        secrets = {webhook.id: new_secret() for webhook in self}
        self.flush_recordset()
        for webhook_id, secret in secrets.items():
            previous = SQL("secret_key") if keep else SQL("NULL")
            self.env.cr.execute(
                SQL(
                    "UPDATE order_status_webhook SET previous_secret_key = %s, secret_key = %s"
                    " WHERE id = %s",
                    previous,
                    secret,
                    webhook_id,
                ),
                log_exceptions=False,
            )
        return secrets

    def _get_keys(self):
        """Return the secrets that are valid now, the newest first: for signing, never to show.

        :return: ``{webhook id: tuple of secrets}``
        :rtype: dict
        """
        self.flush_model(["previous_secret_until"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, secret_key,
                       CASE WHEN previous_secret_until > %s THEN previous_secret_key END
                  FROM order_status_webhook WHERE id = ANY(%s)
                """,
                fields.Datetime.now(),
                self.ids,
            )
        )
        return {row[0]: tuple(filter(None, row[1:])) for row in rows}
