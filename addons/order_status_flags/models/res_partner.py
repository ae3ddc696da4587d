from odoo import models

from ..trigram import index_parts


class ResPartner(models.Model):
    _inherit = "res.partner"

    # What Odoo searches when somebody types a name: an order is found by that of its customer,
    # among hundreds of thousands too.
    _order_search_idx = models.Index(
        index_parts("complete_name", "email", "ref", "vat", "company_registry")
    )
    # Who lost the link to an order types an address.
    _order_email_idx = models.Index("(email_normalized) WHERE email_normalized IS NOT NULL")

    def _get_order_status_page_fields(self):
        """Return the names of the fields that the public page of an order reads of its customer.

        Hook: addons that show or decide something there by who the customer is add these.

        :rtype: list[str]
        """
        return ["commercial_partner_id", "lang", "tz"]

    def _sees_invoices(self):
        """Hook: whether a contact sees invoices and receipts on the pages of orders.

        Asked for whoever is logged in, about documents of which orders know. Addons with rights
        for colleagues of a customer override it.

        :rtype: bool
        """
        self.ensure_one()
        return True
