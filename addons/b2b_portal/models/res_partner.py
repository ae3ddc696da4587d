from odoo import api, models
from odoo.fields import Domain


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.model
    def _get_sale_order_domain_count(self):
        """Override of `sale` to count no B2B carts and templates."""
        return Domain(super()._get_sale_order_domain_count()) & ~(
            self.env["sale.order"]._get_b2b_draft_domain()
        )

    def _leave_b2b_customer(self, former):  # pylint: disable=missing-return
        """Override of `b2b_agreement`: the orders stay with the customer, their links end.

        Whoever moves has the links of the e-mails; colleagues find the new ones in the portal.
        """
        super()._leave_b2b_customer(former)
        self.env["sale.order"]._part_b2b_contact(self, former)

    def _fetch_b2b_page(self, company):
        """Read at once, by name, what pages of the shop need of this buyer and of the seller.

        :param res.company company: the seller
        """
        # sudo: buyers read nothing of the seller; the pages show what is theirs to see
        buyer = self.sudo()
        company.sudo().fetch(company._get_b2b_seller_fields())  # sudo: see above
        names = self._get_b2b_page_fields()
        (buyer | company.sudo().partner_id).fetch(names)
        buyer.commercial_partner_id.fetch(names)

    @api.model
    def _get_b2b_page_fields(self):
        """Hook: return the fields of contacts that the pages of the shop read (decision 85).

        A name that is forgotten costs a query, never a wrong page.

        :rtype: list[str]
        """
        return [
            *("name", "commercial_partner_id", "user_id", "tz"),
            # What the fiscal position goes by.
            *("property_account_position_id", "country_id", "vat"),
        ]
