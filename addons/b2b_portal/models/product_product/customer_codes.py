from odoo import api, models
from odoo.tools import SQL

from odoo.addons.order_status_flags.table_csv import OUTER_BLANKS


class ProductProduct(models.Model):
    """Customer codes: what a customer calls our products in his own lists."""

    _inherit = "product.product"

    @api.model
    def _get_b2b_customer_codes_sql(self, customer):
        """Hook: return the SQL of what a customer calls products.

        :param res.partner customer: the company, a commercial partner
        :return: a query of `product_id` and `code`, one row a product at most; None = there is
            nothing to ask for
        :rtype: SQL
        """

    def _get_b2b_customer_codes(self, customer):
        """Return what a customer calls these products, in one query.

        :param res.partner customer: a commercial partner
        :return: `{product id: code}`; products that he gave no code are left out
        :rtype: dict
        """
        query = self._get_b2b_customer_codes_sql(customer) if customer and self else None
        if query is None:
            return {}
        return dict(
            self.env.execute_query(
                SQL(
                    "SELECT own.product_id, own.code FROM (%s) own WHERE own.product_id = ANY(%s)",
                    query,
                    list(self.ids),
                )
            )
        )

    @api.model
    def _find_b2b_customer_codes(self, company, customer, codes, domain=None):
        """Find products by what a customer calls them, as `_find_b2b_codes` finds by ours.

        :param res.company company: the seller
        :param res.partner customer: a commercial partner
        :param codes: texts
        :param Domain domain: of the shop's products, where the caller has it already
        :return: `{code in lower case: products}`
        :rtype: dict
        """
        query = self._get_b2b_customer_codes_sql(customer) if customer else None
        asked = self._lower_b2b_codes(codes) if query is not None else {}
        if not asked:
            return {}
        domain = self._get_b2b_shop_domain(company) if domain is None else domain
        rows = self.env.execute_query(
            SQL(
                """
                SELECT lower(btrim(own.code, %(blanks)s)), own.product_id
                  FROM (%(query)s) own
                 WHERE lower(btrim(own.code, %(blanks)s)) = ANY(%(asked)s)
                   AND own.product_id IN %(allowed)s
              ORDER BY own.product_id
                """,
                blanks=OUTER_BLANKS,
                query=query,
                asked=list(asked),
                allowed=self._search(domain).subselect(),
            )
        )
        every_id = [product_id for _key, product_id in rows]
        found = {}
        for key, product_id in rows:
            for code in asked[key]:
                found.setdefault(code, []).append(product_id)
        return {code: self.browse(ids).with_prefetch(every_id) for code, ids in found.items()}
