from datetime import timedelta

from odoo import fields
from odoo.tests import TransactionCase

from odoo.addons.mail_delivery_retry.tests.common import QueryCount, create_users

SIGNATURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
SELLER = "base.group_user,sales_team.group_sale_salesman_all_leads"


class AgreementCommon(QueryCount, TransactionCase):
    """Two companies with buyers and a list each, a retail customer, and a seller."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.customer = cls.env["res.partner"].create(
            {"name": "Buyer Ltd", "is_company": True, "email": "office@buyer.example.com"}
        )
        cls.rival = cls.env["res.partner"].create(
            {"name": "Rival Ltd", "is_company": True, "email": "office@rival.example.com"}
        )
        (
            cls.buyer_user,
            cls.buyer2_user,
            cls.rival_user,
            cls.retail_user,
            cls.seller_user,
        ) = create_users(
            cls.env,
            {
                "b2b_buyer": cls._portal_user("b2b_buyer", parent_id=cls.customer.id),
                "b2b_buyer2": cls._portal_user("b2b_buyer2", parent_id=cls.customer.id),
                "b2b_rival": cls._portal_user("b2b_rival", parent_id=cls.rival.id),
                "b2b_retail": cls._portal_user("b2b_retail"),
                "b2b_seller": (SELLER, {}),
            },
        )
        cls.pricelist = cls._create_pricelist(name="Buyer list")
        cls.rival_pricelist = cls._create_pricelist(name="Rival list")

    @staticmethod
    def _portal_user(login, **partner_values):
        """Return the groups and values of a portal user, for `create_users`."""
        values = {"name": login.title(), "email": f"{login}@example.com", **partner_values}
        return "base.group_portal", values

    @classmethod
    def _create_portal_user(cls, login, **partner_values):
        return create_users(cls.env, {login: cls._portal_user(login, **partner_values)})

    @classmethod
    def _create_pricelist(cls, **values):
        return cls.env["product.pricelist"].create(
            {
                "name": "B2B list",
                "company_id": cls.company.id,
                "currency_id": cls.company.currency_id.id,
                **values,
            }
        )

    @classmethod
    def _create_seller_elsewhere(cls):
        """Return a salesperson of another company, who acts for that one alone."""
        company = cls.env["res.company"].create({"name": "Elsewhere"})
        values = {"company_id": company.id, "company_ids": [(6, 0, company.ids)]}
        return create_users(cls.env, {"b2b_elsewhere": (SELLER, values)})

    @classmethod
    def _create_agreement(cls, **values):
        today = fields.Date.today()
        return cls.env["b2b.agreement"].create(
            {
                "partner_id": cls.customer.id,
                "company_id": cls.company.id,
                "pricelist_id": cls.pricelist.id,
                "date_start": today - timedelta(days=10),
                "date_end": today + timedelta(days=100),
                "body": "<p>Terms of cooperation</p>",
                **values,
            }
        )

    @classmethod
    def _create_signed_agreement(cls, **values):
        agreement = cls._create_agreement(state="sent", **values)
        agreement._sign("Anna Buyer", SIGNATURE, agreement.partner_id)
        return agreement

    def _find_agreement(self, contact, company=None):
        """Return the agreement in force as a page finds it, which reads it as everyone does."""
        company = company or self.company
        customer = contact.sudo().commercial_partner_id
        found = self.env["b2b.agreement"]._find_in_force(customer, company)
        self.assertEqual(found, contact._get_b2b_agreement(company))
        known = contact._find_b2b_agreements(company)
        self.assertEqual(known, contact._get_b2b_agreements(company))
        self.assertEqual(found._get_selling_company() if found else company, company)
        return found

    @classmethod
    def _create_order(cls, lines, **values):
        """Create a quotation.

        :param list lines: tuples (product, quantity)
        """
        return cls.env["sale.order"].create(
            {
                "partner_id": cls.customer.id,
                "order_line": [
                    (0, 0, {"product_id": product.id, "product_uom_qty": quantity})
                    for product, quantity in lines
                ],
                **values,
            }
        )
