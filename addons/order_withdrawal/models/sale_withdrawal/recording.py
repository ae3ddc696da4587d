import json
import logging
import secrets
import time
from dataclasses import dataclass

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import format_datetime
from odoo.tools.misc import hmac

from odoo.addons.order_status_flags.net_address import get_sender

from ...context_keys import WITHDRAWAL_WRITE
from ...declaration import get_hash, get_submission_key

_logger = logging.getLogger(__name__)

# How often a statement is inserted anew when another transaction was at the same key.
TRIES = 3


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the page tells of a statement that is recorded, read in the transaction that did it."""

    withdrawal_id: int
    name: str
    statement: str
    statement_hash: str
    received_on: str


class SaleWithdrawal(models.Model):
    """Withdrawal: the record comes first, in a transaction of its own."""

    _inherit = "sale.withdrawal"

    # === WORDS === #

    @api.model
    def _word_statement(self, declaration, reference, articles):
        """Return what the customer declares, in the words that the page shows before confirming.

        :param Declaration declaration: of the form
        :param str reference: the contract: the order's number where it is known, else as typed
        :param list[str] articles: quantity and name of each article; empty = the whole order
        :rtype: str
        """
        text = [self.env._("I hereby withdraw from the following contract.")]
        if articles:
            text = [
                self.env._("I hereby withdraw from the following contract in part, namely from:")
            ]
            text += [f"- {article}" for article in articles]
        text += [
            "",
            self.env._("Contract: %(reference)s", reference=reference),
            self.env._("Name: %(name)s", name=declaration.name),
            self.env._("Confirmation to: %(email)s", email=declaration.email),
        ]
        if declaration.reason:
            text.append(self.env._("Reason: %(reason)s", reason=declaration.reason))
        return "\n".join(text)

    def _word_entered_statement(self):
        """Return a wording of what a salesperson has entered, for a statement without its own."""
        self.ensure_one()
        text = [self.env._("Entered by hand, as the customer declared it.")]
        text += [f"- {line._describe()}" for line in self.line_ids]
        text += [
            self.env._("Contract: %(reference)s", reference=self.order_reference or "-"),
            self.env._("Name: %(name)s", name=self.partner_name),
        ]
        if self.reason:
            text.append(self.env._("Reason: %(reason)s", reason=self.reason))
        return "\n".join(text)

    # === RECORDING === #

    @api.model
    def _submit(self, declaration, statement, place, origin=""):
        """Record a statement of a page for good, then do what follows from it.

        Both in transactions of their own. What follows may fail: it is done again later.

        :param Declaration declaration: of the form, complete
        :param str statement: as the customer has read it
        :param dict place: ``source``, ``company_id``, ``order_id``, ``lines``, ``lang``, ``tz``
        :param str origin: address of the sender in the network
        :return: what the page tells
        :rtype: Receipt
        """
        values = self._prepare_record_values(declaration, statement, place, origin)
        receipt = self._record(values)
        self._process_in_own_transaction(receipt.withdrawal_id)
        return receipt

    @api.model
    def _prepare_record_values(self, declaration, statement, place, origin):
        known = place["order_id"] or 0
        return {
            "company_id": place["company_id"],
            "claimed_order_id": known,
            "order_reference": place["reference"],
            "partner_name": declaration.name,
            "email": declaration.email,
            "reason": declaration.reason or False,
            "statement": statement,
            "statement_hash": get_hash(statement),
            "declared_lines": place["lines"] and json.dumps(place["lines"]),
            "source": place["source"],
            "lang": place["lang"],
            "tz": place["tz"],
            "origin_key": self._get_origin_key(origin),
            # Without a token of a form, one of this call: a statement whose commit is not answered
            # is inserted anew, and must not be there twice.
            "submission_key": get_submission_key(
                declaration.form_token or secrets.token_urlsafe(24),
                statement,
                [place["source"], known],
            ),
        }

    @api.model
    def _record(self, values):
        """Insert a statement, once, and commit it.

        :param dict values: of the fields; nothing in them refers to what could be locked
        :rtype: Receipt
        """
        for attempt in range(1, TRIES + 1):
            try:
                # A cursor of its own: whatever becomes of the request, the statement is there.
                with self.env.registry.cursor() as cr:
                    context = {
                        "lang": values["lang"] or None,
                        "allowed_company_ids": [values["company_id"]],
                    }
                    env = api.Environment(cr, SUPERUSER_ID, context)
                    return env[self._name]._insert_once(values)
            except (psycopg2.errors.UniqueViolation, psycopg2.OperationalError):
                # The same form, sent twice at the same moment; or a connection that broke.
                if attempt == TRIES:
                    raise
                _logger.info("A statement of withdrawal is recorded anew", exc_info=True)
                time.sleep(0.1 * attempt)
        return None

    def _insert_once(self, values):
        """Return the receipt of the statement with this key, inserted if it is not there."""
        key = values["submission_key"]
        record = self.search([("submission_key", "=", key)], limit=1) if key else self
        if not record:
            company = self.env["res.company"].browse(values["company_id"])
            quiet = self.with_context(
                tracking_disable=True,
                mail_create_nosubscribe=True,
                order_withdrawal_write=WITHDRAWAL_WRITE,
            )
            record = quiet.create({**values, "name": self._get_next_number(company)})
            self.env.flush_all()
        return record._get_receipt()

    def _get_receipt(self):
        self.ensure_one()
        return Receipt(
            self.id, self.name, self.statement, self.statement_hash, self._format_received_on()
        )

    def _format_received_on(self, lang=None):
        """Return date, time and zone of receipt in words, as the page and the e-mail tell it."""
        self.ensure_one()
        zone = self.tz or self.company_id._get_withdrawal_zone()
        moment = format_datetime(
            self.env,
            self.received_at,
            tz=zone,
            dt_format="d MMMM y, HH:mm:ss",
            lang_code=lang or self.env.lang or self.lang,
        )
        local = fields.Datetime.context_timestamp(self.with_context(tz=zone), self.received_at)
        if zone == "UTC":
            return f"{moment} (UTC)"
        offset = local.strftime("%z")
        return f"{moment} ({zone}, UTC{offset[:3]}:{offset[3:]})"

    @api.model
    def _get_origin_key(self, origin):
        """Return what tells senders apart, and names none: a keyed hash of the address.

        It limits e-mails, never statements.
        """
        if not origin:
            return False
        # sudo: no visitor reads the secret
        return hmac(self.sudo().env, "order_withdrawal_sender", get_sender(origin))[:32]
