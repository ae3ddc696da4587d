import logging

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.fields import Command

from odoo.addons.b2b_agreement.mail_attempt import try_to_mail

_logger = logging.getLogger(__name__)


class SaleOrder(models.Model):
    """Mail: the pro-forma of a new order, apart from the checkout."""

    _inherit = "sale.order"

    b2b_mail_pending = fields.Boolean(
        string="Pro-forma to be mailed", copy=False, groups="base.group_user"
    )

    _b2b_mail_pending_idx = models.Index("(id) WHERE b2b_mail_pending IS TRUE")

    @api.model
    def _cron_send_b2b_proformas(self):
        """Mail the pro-formas of new orders: apart from the checkout, which no mail may undo."""
        domain = [("b2b_mail_pending", "=", True)]
        pending = self.search(domain, order="id", limit=100)
        self.env["ir.cron"]._commit_progress(remaining=self.search_count(domain))
        for order_id in pending.ids:
            # Another worker may be at it: claim the row, or leave it to that one.
            order = self.browse(order_id).try_lock_for_update(allow_referencing=True)
            if order.filtered("b2b_mail_pending"):
                order._try_send_b2b_proforma()
            if not self.env["ir.cron"]._commit_progress(processed=1):
                break

    def _try_send_b2b_proforma(self):
        """Mail the pro-forma; one that cannot be mailed must not hold up all later ones."""
        self.ensure_one()
        try_to_mail(self, self._send_b2b_proforma, self._give_up_b2b_proforma)

    def _give_up_b2b_proforma(self):
        self.b2b_mail_pending = False

    def _send_b2b_proforma(self):
        """Mail the pro-forma to the buyer; without its PDF when that cannot be made."""
        self.ensure_one()
        self.b2b_mail_pending = False
        template = self.env.ref("b2b_portal.mail_template_b2b_proforma", raise_if_not_found=False)
        if not template or self.state == "cancel":
            return
        # By the queue: it tries again when the mail server is away.
        order = self.with_context(lang=self.partner_id.lang, mail_notify_force_send=False)
        order.message_post_with_source(
            template,
            attachment_ids=[Command.set(order._make_b2b_proforma_pdf().ids)],
            email_layout_xmlid="mail.mail_notification_layout_with_responsible_signature",
            subtype_xmlid="mail.mt_comment",
        )
        self.env["mail.mail"]._trigger_queue()

    def _make_b2b_proforma_pdf(self):
        """Return the PDF of the pro-forma as an attachment, empty when it cannot be made."""
        try:
            with self.env.cr.savepoint():
                content, _type = self.env["ir.actions.report"]._render_qweb_pdf(
                    "sale.action_report_saleorder", self.ids
                )
                return self.env["ir.attachment"].create(
                    {
                        "name": f"{self._get_report_base_filename()}.pdf".replace("/", "_"),
                        "raw": content,
                        "mimetype": "application/pdf",
                        "res_model": self._name,
                        "res_id": self.id,
                    }
                )
        except OperationalError:
            raise  # a clash with another transaction: all of it runs again
        # The program that makes PDFs is missing, or breaks on a picture; the disk is full.
        except Exception as error:
            _logger.warning("No PDF for the pro-forma %s", self.name, exc_info=True)
            order = self.with_context(lang=self.user_id.lang or self.env.lang)
            order._message_log(
                body=order.env._(
                    "The pro-forma was e-mailed without its PDF, which could not be made:"
                    " %(reason)s",
                    reason=str(error),
                )
            )
            return self.env["ir.attachment"]
