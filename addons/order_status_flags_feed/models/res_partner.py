from odoo import models
from odoo.tools import SQL

from ..erp_order import text


class ResPartner(models.Model):
    """What an ERP reads of a customer and of an address."""

    _inherit = "res.partner"

    def _prepare_erp_addresses(self):
        """Return ``{partner id: what an ERP reads of it}``, in one query.

        A contact without a reference has that of its company, by which ERPs know customers;
        an address without a name has that of its company.

        :rtype: dict
        """
        return {row[0]: self._prepare_erp_address(*row) for row in self._fetch_erp_addresses()}

    def _prepare_erp_address(self, partner_id, is_company, *texts):
        names = (
            *("ref", "name", "company", "vat", "email", "phone", "street", "street2", "zip"),
            *("city", "state", "country"),
        )
        values = dict(zip(names, map(text, texts), strict=True))
        return {"id": partner_id, "is_company": bool(is_company), **values}

    def _fetch_erp_addresses(self):
        self.flush_recordset()
        return self.env.execute_query(
            SQL(
                """
                SELECT partner.id,
                       partner.is_company,
                       COALESCE(NULLIF(partner.ref, ''), company.ref),
                       COALESCE(NULLIF(partner.name, ''), company.name),
                       partner.commercial_company_name,
                       partner.vat,
                       partner.email,
                       partner.phone,
                       partner.street,
                       partner.street2,
                       partner.zip,
                       partner.city,
                       state.name,
                       country.code
                  FROM res_partner partner
             LEFT JOIN res_partner company ON company.id = partner.commercial_partner_id
             LEFT JOIN res_country_state state ON state.id = partner.state_id
             LEFT JOIN res_country country ON country.id = partner.country_id
                 WHERE partner.id = ANY(%s)
                """,
                self.ids,
            )
        )
