import logging
from base64 import b64encode
from io import BytesIO

import qrcode
from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.image import image_data_uri
from odoo.tools.mail import email_split_and_format

from ...context_keys import FOR_CUSTOMER

_logger = logging.getLogger(__name__)


class SaleOrder(models.Model):
    """Order status: what of a change is mailed, and the link in e-mails and the printed order."""

    _inherit = "sale.order"

    mailed_status_id = fields.Many2one(
        comodel_name="sale.order.status",
        string="Status told by the e-mail",
        compute="_compute_mailed_status_id",
        groups="base.group_user",
        help="For e-mail templates: the status that this e-mail tells the customer.",
    )

    # === WHAT IS MAILED === #

    @api.depends("order_status_id")
    @api.depends_context("order_status_mailed")
    def _compute_mailed_status_id(self):
        """The status of the history row that is being mailed, else the present one.

        The row matters when an older e-mail is sent once more. The context key holds
        pairs ``((order id, status id), ...)``.
        """
        mailed = self.env.context.get("order_status_mailed")
        # A tuple, which no RPC call can bring: JSON has lists.
        mailed = dict(mailed) if isinstance(mailed, tuple) else {}
        for order in self:
            order.mailed_status_id = mailed.get(order.id) or order.order_status_id

    @api.model
    def _get_mail_state(self, change, notify):
        """Return the ``mail_state`` a change begins with."""
        if change.undoes:
            # As before: what the undone change had overtaken, and nothing of its own.
            return "pending" if change.mail_due else "none"
        if not change.enters_status or not self._get_change_template(change):
            return "none"
        return "pending" if notify and change.new_status.is_public else "suppressed"

    def _get_mail_recipients(self, template):
        """Return whom an e-mail about each of these orders would go to, as the template says.

        :param mail.template template: of orders
        :return: ``{order id: list of names with addresses}``
        :rtype: dict
        """
        # sudo: who is mailed is told even where a colleague's customer is not readable
        template = template.sudo()
        try:
            # A savepoint, since a template may ask the database for anything.
            with self.env.cr.savepoint():
                found = template._generate_template_recipients(
                    self.ids, {"partner_to", "email_to", "email_cc"}
                )
        except OperationalError:
            raise  # a clash with another transaction is no fault of the template
        except Exception as error:  # whatever a template may bring
            # Rendering tells which order it is, and why.
            _logger.info("Recipients of %s: %s", template.name, error)
            return dict.fromkeys(self.ids, [template.name])
        partners = template.env["res.partner"]
        return {
            order_id: [
                *partners.browse(values.get("partner_ids"))
                .filtered("email_normalized")
                .mapped("email_formatted"),
                *email_split_and_format(values.get("email_to") or ""),
                *email_split_and_format(values.get("email_cc") or ""),
            ]
            for order_id, values in found.items()
        }

    def _supersede_pending_mails(self, changes):
        """Withdraw the e-mails not yet sent that a newer status of the order overtakes.

        One that the customer is not shown overtakes nothing, unless it is a rejection: he goes on
        seeing the one before.
        Rows that the mail worker holds at this moment are skipped: their mail is leaving.
        """
        order_ids = tuple(
            {
                change.order.id
                for change in changes
                if change.overtakes_mails and change.previous_status
            }
        )
        if not order_ids:
            return
        history = self.env["sale.order.status.history"]
        # The select is served by the partial index on pending rows.
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM sale_order_status_history"
                " WHERE mail_state = 'pending' AND mail_kind IS NULL AND order_id IN %s",
                order_ids,
                to_flush=history._fields["mail_state"],
            )
        )
        if rows:
            # sudo: the mail fields and the mail queue are nobody's to write
            history.browse(row[0] for row in rows).sudo()._supersede_mails()

    def _take_back_mails(self):
        """Have the e-mails about these orders that still wait in the queue made anew."""
        # sudo: as above
        history = self.env["sale.order.status.history"].sudo()
        history.search(
            [
                ("order_id", "in", self.ids),
                ("mail_state", "=", "pending"),
                ("mail_mail_id", "!=", False),
            ]
        )._make_mails_anew()

    def _get_mail_obstacle(self, recipients):
        """Return why nobody can be mailed about this order, False when somebody can.

        Hook: addons name more. Read as superuser.

        :param list recipients: whom the template addresses, see ``_get_mail_recipients``
        :return: the reason, for the seller
        """
        self.ensure_one()
        return not recipients and self.env._("The customer has no e-mail address.")

    # === LINK IN E-MAILS AND THE PRINTED ORDER === #

    def _send_order_notification_mail(self, mail_template, **kwargs):
        """Override of `sale` to let no PDF that cannot be made stop the e-mail or the order."""
        order = self.with_context(mail_pdf_optional=True)
        return super(SaleOrder, order)._send_order_notification_mail(mail_template, **kwargs)

    def _notify_get_recipients_classify(
        self, message, recipients_data, model_description, msg_vals=False
    ):
        """Override of `mail` to give the customer's e-mails the link to the order status.

        Each group of recipients gets a body of its own. Recipients of the customer's side
        are parted from the others, who may not see the order: followers, internal users.
        """
        groups = super()._notify_get_recipients_classify(
            message, recipients_data, model_description, msg_vals=msg_vals
        )
        url = len(self) == 1 and self._get_tracking_url()
        if not url:
            return groups
        parted = []
        for group in groups:
            told, others = self._split_recipients(group)
            # Told first: Odoo's mass mailing sends the last body to all, so that a mixed
            # group gets the one without the link.
            parted += [{**told, "order_status_url": url}] if told["recipients_data"] else []
            parted += [others] if others["recipients_data"] else []
        return parted

    def _notify_get_recipients_groups(self, message, model_description, msg_vals=False):
        """Override of `sale` to speak of no quotation on the button of a placed order.

        Unless the customer still has something to sign or to pay there.
        """
        groups = super()._notify_get_recipients_groups(
            message, model_description, msg_vals=msg_vals
        )
        if len(self) != 1 or self.state != "sent" or not self.was_placed:
            return groups
        is_asked = self._has_to_be_signed() or self._has_to_be_paid()
        if is_asked and self.get_portal_last_transaction().state != "pending":
            return groups
        for name, _is_member, data in groups:
            if name == "portal_customer":
                data.setdefault("button_access", {})["title"] = self.env._("View order")
        return groups

    def _split_recipients(self, group):
        """Return two copies of the group: recipients of the customer's side, and the others."""
        partners = self.env["res.partner"].browse(group["recipients_ids"])
        customers = partners.filtered(self._is_customer_side)
        told = [
            data
            for data in group["recipients_data"]
            if data["id"] in customers._ids and data["type"] != "user"
        ]
        others = [data for data in group["recipients_data"] if data not in told]
        told_ids = {data["id"] for data in told}
        return (
            {
                **group,
                "recipients_data": told,
                "recipients_ids": [pid for pid in group["recipients_ids"] if pid in told_ids],
                "recipients_emails": [],
            },
            {
                **group,
                "recipients_data": others,
                "recipients_ids": [pid for pid in group["recipients_ids"] if pid not in told_ids],
            },
        )

    def _get_report_tracking_url(self):
        """Return the link for the printed order, or False.

        The paper is made for its reader: who opens it with the order's ``access_token``
        may not read the order itself, and gets no link. Mails say by the context key
        ``order_status_link`` that they are for the customer, since they may be made on behalf
        of anybody.
        """
        self.ensure_one()
        may_see = self.env.context.get("order_status_link") is FOR_CUSTOMER or self.with_user(
            self.env.user
        ).has_access("read")
        return may_see and self._get_tracking_url()

    def _get_report_tracking_qr(self, url):
        """Return a QR code of the link as a data URI, so that no request ever names it.

        :param str url: from ``_get_report_tracking_url``
        """
        # Not by `ir.actions.report.barcode`: its PNG needs a native library that many servers
        # lack, and an order must print and be mailed without it.
        image = BytesIO()
        qrcode.make(url, box_size=6, border=2).save(image)
        return image_data_uri(b64encode(image.getvalue()))
