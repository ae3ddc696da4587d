from odoo import api, models
from odoo.tools import SQL

from odoo.addons.order_status_flags.table_csv import OUTER_BLANKS


class ProductProduct(models.Model):
    """Codes: products and packs by their reference or barcode."""

    _inherit = "product.product"

    # As `_find_b2b_codes` asks for them, thousands at a time.
    _b2b_default_code_idx = models.Index(f"(lower(btrim(default_code, '{OUTER_BLANKS}')))")
    _b2b_barcode_idx = models.Index(
        f"(lower(btrim(barcode, '{OUTER_BLANKS}'))) WHERE barcode IS NOT NULL"
    )

    @api.model
    def _find_b2b_codes(self, company, codes, domain=None):
        """Find products by internal reference or barcode, exact but for case and outer blanks.

        :param res.company company: the seller
        :param codes: texts
        :param Domain domain: of the shop's products, where the caller has it already
        :return: `{code in lower case: products}`, several when a code is ambiguous; codes that
            fit nothing are left out
        :rtype: dict
        """
        asked = self._lower_b2b_codes(codes)
        if not asked:
            return {}
        self.flush_model(["default_code", "barcode"])
        # What has the codes comes first: of few products, PostgreSQL asks one by one whether they
        # are sold, not of all.
        domain = self._get_b2b_shop_domain(company) if domain is None else domain
        sold = self._search(domain)
        sold.add_where(
            SQL("%s = ANY(ARRAY(SELECT id FROM hit))", SQL.identifier(self._table, "id"))
        )
        rows = self.env.execute_query(
            SQL(
                """
                WITH hit AS MATERIALIZED (
                    SELECT lower(btrim(p.default_code, %(blanks)s)) AS reference,
                           lower(btrim(p.barcode, %(blanks)s)) AS barcode, p.id
                      FROM product_product p
                     WHERE lower(btrim(p.default_code, %(blanks)s)) = ANY(%(asked)s)
                        OR lower(btrim(p.barcode, %(blanks)s)) = ANY(%(asked)s)
                )
                SELECT reference, barcode, id FROM hit WHERE id IN (%(sold)s) ORDER BY id
                """,
                blanks=OUTER_BLANKS,
                asked=list(asked),
                sold=sold.select(),
            )
        )
        found = {}
        every_id = [row[2] for row in rows]
        for reference, barcode, product_id in rows:
            for code in {one for key in {reference, barcode} for one in asked.get(key, ())}:
                found.setdefault(code, []).append(product_id)
        # One prefetch for all of them: thousands of rows are read in one query.
        return {code: self.browse(ids).with_prefetch(every_id) for code, ids in found.items()}

    @api.model
    def _find_b2b_packs(self, company, codes):
        """Find packs of products by their own barcodes, as `_find_b2b_codes` finds products.

        :param res.company company: the seller
        :param codes: texts
        :return: `{code in lower case: [(product, unit of the pack)]}`
        :rtype: dict
        """
        asked = self._lower_b2b_codes(codes)
        if not asked:
            return {}
        self.env["product.uom"].flush_model(["barcode", "product_id", "uom_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT lower(btrim(pack.barcode, %(blanks)s)), pack.product_id, pack.uom_id
                  FROM product_uom pack
                 WHERE lower(btrim(pack.barcode, %(blanks)s)) = ANY(%(asked)s)
                   AND pack.product_id IN %(allowed)s
              ORDER BY pack.id
                """,
                blanks=OUTER_BLANKS,
                asked=list(asked),
                allowed=self._search(self._get_b2b_shop_domain(company)).subselect(),
            )
        )
        every_id = [row[1] for row in rows]
        found = {}
        for key, product_id, uom_id in rows:
            product = self.browse(product_id).with_prefetch(every_id)
            for code in asked[key]:
                pack = (product, self.env["uom.uom"].browse(uom_id))
                if pack not in found.setdefault(code, []):
                    found[code].append(pack)
        return found

    def _lower_b2b_codes(self, codes):
        """Return what the database makes of codes; Python's rules differ for some letters.

        Each code as it was typed, and with one plain blank where a spreadsheet has several or a
        wider one: people see no difference.

        :param codes: texts
        :return: `{code in small letters of the database: codes in small letters of Python}`
        :rtype: dict
        """
        wanted = {}
        for code in filter(None, codes):
            for spelling in {code, " ".join(code.split()) or code}:
                wanted.setdefault(spelling, set()).add(code.lower())
        if not wanted:
            return {}
        query = SQL("SELECT code, lower(code) FROM unnest(%s) AS code", list(wanted))
        asked = {}
        for spelling, lowered in self.env.execute_query(query):
            asked.setdefault(lowered, set()).update(wanted[spelling])
        return asked
