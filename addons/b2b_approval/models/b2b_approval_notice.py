import hashlib
import logging
import secrets

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import consteq

from odoo.addons.mail_delivery_retry.language import get_active_lang

_logger = logging.getLogger(__name__)


class B2bApprovalNotice(models.Model):
    """An e-mail about a request, to one person, and the link in it that decides without a login.

    The outbox of approvals: rows are written with the request or decision, and rendered by a
    scheduled action. The token of the link is made then; only its hash is kept.
    """

    _name = "b2b.approval.notice"
    _description = "B2B approval: e-mail"
    _order = "id"

    approval_id = fields.Many2one(
        comodel_name="b2b.approval", required=True, index=True, ondelete="cascade"
    )
    kind = fields.Selection(
        selection=[("ask", "Question"), ("remind", "Reminder"), ("result", "Result")],
        required=True,
    )
    partner_id = fields.Many2one("res.partner", required=True, ondelete="cascade")
    member_id = fields.Many2one("b2b.member", ondelete="cascade")
    step = fields.Integer()
    state = fields.Selection(
        selection=[("pending", "Waiting"), ("sent", "Handed over"), ("failed", "Failed")],
        required=True,
        default="pending",
    )
    error = fields.Char()
    token_hash = fields.Char(groups="base.group_system", copy=False)
    sent_to = fields.Char(help="The addresses that were mailed the link, which is for them alone.")
    is_used = fields.Boolean(help="The link has decided.")

    _pending_idx = models.Index("(id) WHERE state = 'pending'")
    _token_uniq = models.UniqueIndex("(token_hash) WHERE token_hash IS NOT NULL")

    # === OUTBOX === #

    @api.model
    def _queue(self, approval, kind, members):
        """Have those asked who decide now.

        :param b2b.approval approval: the request
        :param str kind: `ask` or `remind`
        :param b2b.member members: who is asked
        """
        # sudo: the outbox is nobody's to read; who is asked comes from the rules
        self.sudo().create(
            [
                {
                    "approval_id": approval.id,
                    "kind": kind,
                    "partner_id": member.partner_id.id,
                    "member_id": member.id,
                    "step": approval.step,
                }
                for member in members
            ]
        )
        self._trigger()

    @api.model
    def _get_asked_members(self, approvals):
        """Return whom the current steps of requests have asked, in sudo mode.

        :param b2b.approval approvals: the requests
        :return: `{b2b.approval: b2b.member}` with each of them
        :rtype: dict
        """
        # sudo: as in `_queue`
        rows = self.sudo().search_fetch(
            [("approval_id", "in", approvals.ids), ("kind", "!=", "result")],
            ["approval_id", "member_id", "step"],
        )
        rows = rows.filtered(lambda row: row.step == row.approval_id.step)
        asked = rows.grouped("approval_id")
        return {one: asked.get(one, rows.browse()).member_id for one in approvals}

    @api.model
    def _queue_result(self, approval):
        """Have the buyer told what became of his request."""
        self.create(
            {
                "approval_id": approval.id,
                "kind": "result",
                "partner_id": approval.requested_by_id.id,
            }
        )
        self._trigger()

    @api.model
    def _trigger(self):
        # sudo: buyers and approvers start no scheduled actions
        self.env.ref("b2b_approval.ir_cron_approval_notice").sudo()._trigger()

    @api.model
    def _cron_send(self, limit=50):
        """Render waiting rows into Odoo's mail queue; those of another worker are skipped."""
        rows = self.search([("state", "=", "pending")], limit=limit).try_lock_for_update()
        self.env["ir.cron"]._commit_progress(
            remaining=self.search_count([("state", "=", "pending")])
        )
        rows = self.search([("id", "in", rows.ids), ("state", "=", "pending")])
        for row in rows.try_lock_for_update():
            row._try_to_send()
        # One commit for what was rendered: it is never rendered again when the worker is stopped.
        self.env["mail.mail"]._trigger_queue()
        self.env["ir.cron"]._commit_progress(len(rows))

    def _try_to_send(self):
        """Render one e-mail; one that fails never stops the others."""
        try:
            with self.env.cr.savepoint():
                self._send()
                self.write({"state": "sent", "sent_to": self.partner_id._get_mailboxes()})
        except psycopg2.OperationalError:
            raise  # a clash with another transaction: run again
        except UserError as error:
            self.write({"state": "failed", "error": str(error)})
        except Exception as error:  # whatever a template may bring
            _logger.warning("E-mail of B2B approval notice %s failed", self.id, exc_info=True)
            self.write({"state": "failed", "error": str(error)[:1000]})

    def _send(self):
        """Make the e-mail, in the language of who reads it; nothing when it is overtaken."""
        approval = self.approval_id.with_company(self.approval_id.company_id)
        asks = self.kind != "result"
        if asks and not approval._may_decide(self.member_id):
            return
        if self.partner_id.commercial_partner_id != approval.customer_id:
            return  # who has left the customer hears nothing of its orders
        name = "mail_template_approval_ask" if asks else "mail_template_approval_result"
        template = self.env.ref(f"b2b_approval.{name}", raise_if_not_found=False)
        if not template or not template.active:
            return
        if not self.partner_id.email:
            raise UserError(
                self.env._("%(name)s has no e-mail address.", name=self.partner_id.name)
            )
        lang = get_active_lang(approval.env, self.partner_id.lang)
        is_reminder = self.kind == "remind"
        mail_id = (
            template.with_company(approval.company_id)
            .with_context(
                lang=lang,
                tz=self.partner_id.tz,  # the last day is one of the reader's
                b2b_reader=self.partner_id,
                b2b_reader_lang=lang,
                b2b_link=self._make_link() if asks else approval._get_page_url(),
                b2b_reminder=is_reminder and self.with_context(lang=lang).env._("Reminder: "),
            )
            .send_mail(
                approval.id,
                email_layout_xmlid="mail.mail_notification_light",
                email_values={"recipient_ids": [(6, 0, self.partner_id.ids)], "email_to": False},
            )
        )
        # The link is in the e-mail alone: whoever reads messages may not approve.
        self.env["mail.mail"].browse(mail_id).mail_message_id.body = False

    # === LINK === #

    def _make_link(self):
        """Return the address that decides without a login; only the hash of its token is kept.

        :rtype: str
        """
        token = secrets.token_urlsafe(32)
        self.token_hash = self._hash(token)
        return f"{self.approval_id.order_id.get_base_url()}/b2b/approve/{token}"

    @api.model
    def _hash(self, token):
        return hashlib.sha256(token.encode(errors="replace")).hexdigest()

    @api.model
    def _get_by_token(self, token):
        """Return the row of a link, in sudo mode; empty for what is none.

        :param str token: as the address has it
        :rtype: b2b.approval.notice
        """
        if not token or not isinstance(token, str) or len(token) > 100:
            return self.sudo().browse()  # sudo: nothing, as what is found below
        wanted = self._hash(token)
        # sudo: the token is the right to see it; anonymous visitors read nothing else
        row = self.sudo().search([("token_hash", "=", wanted)], limit=1)
        return row if row and consteq(row.token_hash, wanted) else row.browse()

    def _is_open(self):
        """Whether the link can still decide: once, at its step, in time, by who may.

        :rtype: bool
        """
        self.ensure_one()
        approval = self.approval_id
        return (
            not self.is_used
            and approval.step == self.step
            and self._is_address_kept()
            and approval._may_decide(self.member_id)
        )

    def _is_address_kept(self):
        """Whether the person still has the address that was mailed the link.

        Else it was a wrong one, or is somebody else's by now; those sent before it was kept count.

        :rtype: bool
        """
        self.ensure_one()
        return not self.sent_to or self.sent_to == self.partner_id._get_mailboxes()

    @api.model
    def _ask_at_new_address(self, partners):
        """Mail the question once more to whoever was asked at another address, and has to decide.

        :param res.partner partners: whose address has changed
        """
        # sudo: the outbox is nobody's to read, and whoever changes an address need not decide
        rows = self.sudo().search(
            [
                ("partner_id", "in", partners.ids),
                ("kind", "!=", "result"),
                ("approval_id.state", "=", "pending"),
                ("is_used", "=", False),
            ]
        )
        rows = rows.filtered(lambda row: row.step == row.approval_id.step)
        for approval, asked in rows.grouped("approval_id").items():  # few: what waits for a person
            # Whoever is still to be mailed is so at the new address.
            reached = asked.filtered(
                lambda row: (
                    row.state == "pending" or (row.state == "sent" and row._is_address_kept())
                )
            )
            if members := asked.member_id - reached.member_id:
                self._queue(approval, "ask", members)
