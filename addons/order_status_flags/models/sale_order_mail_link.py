from base64 import b64encode
from io import BytesIO

import qrcode

from odoo import models
from odoo.tools.image import image_data_uri


class SaleOrder(models.Model):
    """Order status: the link in e-mails and in the printed order."""

    _inherit = "sale.order"

    def _send_order_notification_mail(self, mail_template, **kwargs):
        """Override of `sale`: a PDF that cannot be made stops neither the e-mail nor the order."""
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
        """Override of `sale`: the button of a placed order does not speak of a quotation.

        Unless the customer still has something to sign or to pay there.
        """
        groups = super()._notify_get_recipients_groups(
            message, model_description, msg_vals=msg_vals
        )
        if len(self) != 1 or self.state != "sent" or not self._is_order_placed():
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
        may not read the order itself, and gets no link. Mails say so by the context key
        ``order_status_link``, since they may be made on behalf of anybody.
        """
        self.ensure_one()
        may_see = self.env.context.get("order_status_link")
        if may_see is None:
            may_see = self.with_user(self.env.user).has_access("read")
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
