import re

from odoo import models


class MailMessage(models.Model):
    _inherit = "mail.message"

    def _portal_message_format(self, properties_names, options=None):
        """Override of `portal` to keep the order status link from who may not read the order.

        The PDF of a placed order that was mailed holds it, and whoever has the order's
        ``access_token`` is shown the messages. The page offers him a PDF without it.
        """
        values_list = super()._portal_message_format(properties_names, options=options)
        withheld = self._find_printed_orders(values_list)
        for values in values_list if withheld else ():
            shown = values.get("attachment_ids") or ()
            values["attachment_ids"] = [one for one in shown if one["id"] not in withheld]
        return values_list

    def _find_printed_orders(self, values_list):
        """Return the ids of the attachments that hold the link, of orders the user may not read.

        :param list[dict] values_list: of these messages, as the portal shows them
        """
        printed, messages = {}, {message.id: message for message in self}
        # By the id: a message that is gone has no values.
        for values in values_list:
            message = messages[values["id"]]
            if message.model != "sale.order":
                continue
            for attachment in values.get("attachment_ids") or ():
                if attachment["mimetype"] == "application/pdf":
                    printed.setdefault(message.res_id, []).append((message, attachment))
        if not printed:
            return set()
        orders = self.env["sale.order"].with_user(self.env.user).browse(printed)
        orders -= orders._filtered_access("read")
        # sudo: what is asked is whether there is a link, on behalf of who may not read the orders
        return {
            attachment["id"]
            for order in orders.sudo().filtered("was_placed")
            for message, attachment in printed[order.id]
            if message._may_hold_printed_order(order, attachment["name"])
        }

    def _may_hold_printed_order(self, order, name):
        """Whether a PDF of this message may be the printed order: made by the e-mail's template, or
        named after the order.

        :param sale.order order: that the message is of
        :param str name: of the file
        """
        number, name = (re.sub(r"\W|_", "", text or "").lower() for text in (order.name, name))
        # Who writes without a template gives no layout.
        return bool(self.email_layout_xmlid) or number in name
