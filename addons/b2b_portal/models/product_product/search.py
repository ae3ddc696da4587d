import difflib
import re

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...search_text import fold_search, fold_sql

# How alike two words must be to be taken for a slip of the finger, from 0 to 1.
TYPO_CUTOFF = 0.72


class ProductProduct(models.Model):
    """Search: how buyers find products by words."""

    _inherit = "product.product"

    @api.model
    def _search_b2b_shop(
        self,
        company,
        search="",
        category_id=None,
        offset=0,
        limit=None,
        total=None,
        customer=None,
        domain=None,
    ):
        """Find products by name, reference or barcode; case, accents and small typos do not matter.

        :param res.company company: the seller
        :param str search: words, all of which must be found
        :param int category_id: only of this product category and those below
        :param int total: how many there are without a search, when the caller knows already
        :param res.partner customer: whose own codes are searched, too
        :param Domain domain: of the shop's products, where the caller has it already
        :return: products of the page, how many there are in all, whether typos were guessed
        :rtype: tuple[product.product, int, bool]
        """
        domain = self._get_b2b_shop_domain(company) if domain is None else domain
        if category_id:
            domain &= Domain("categ_id", "child_of", category_id)
        words = self._fold_b2b_search(search).split()[:10]
        if not words:
            # As on the price list, and the database has an index for it.
            products = self.search(
                domain, order="default_code, name, id", offset=offset, limit=limit
            )
            return products, self.search_count(domain) if total is None else total, False
        ids = self._search_b2b_words(domain, words, customer)
        guessed = False
        if not ids:
            ids = self._search_b2b_typos(domain, words, customer)
            guessed = bool(ids)
        return self.browse(ids[offset : offset + limit if limit else None]), len(ids), guessed

    @api.model
    def _fold_b2b_search(self, text):
        """Fold a search as the database folds the names."""
        return fold_search((text or "").replace("\x00", "")).strip()[:200]

    def _get_b2b_folded_sql(self, domain, customer=None):
        """Return the SQL of a table `t` of the products: `id`, `default_code`, `barcode`,
        `own_code` and `folded`, which is what is searched: name, reference, barcode, own code.

        `OFFSET 0` makes PostgreSQL fold each text once, not once a word.
        """
        self.env["product.template"].flush_model(["name"])
        self.flush_model(["default_code", "barcode"])
        own = self._get_b2b_customer_codes_sql(customer) if customer else None
        return SQL(
            """(
                SELECT id, default_code, barcode, own_code, %(folded)s AS folded
                  FROM (
                    SELECT product.id, product.default_code, product.barcode,
                           %(own_code)s AS own_code,
                           concat_ws(
                               ' ', COALESCE(template.name->>%(lang)s, template.name->>'en_US'),
                               product.default_code, product.barcode, %(own_code)s
                           ) AS text
                      FROM product_product product
                      JOIN product_template template ON template.id = product.product_tmpl_id
                           %(own)s
                     WHERE product.id IN %(allowed)s
                    OFFSET 0
                  ) raw
                OFFSET 0
            ) t""",
            lang=self.env.lang or "en_US",
            folded=fold_sql(SQL("text")),
            allowed=self._search(domain).subselect(),
            own_code=SQL("NULL::text" if own is None else "own.code"),
            own=SQL()
            if own is None
            else SQL("LEFT JOIN (%s) own ON own.product_id = product.id", own),
        )

    @api.model
    def _search_b2b_words(self, domain, words, customer=None):
        """Return the ids of products with all the words, the best match first."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT t.id
                  FROM %(products)s
                 WHERE %(matches)s
              ORDER BY (lower(t.default_code) = %(search)s OR lower(t.barcode) = %(search)s)
                           IS TRUE DESC,
                       (lower(t.own_code) = %(search)s) IS TRUE DESC,
                       starts_with(lower(t.default_code), %(search)s) IS TRUE DESC,
                       starts_with(t.folded, %(search)s) DESC,
                       t.folded, t.id
                """,
                products=self._get_b2b_folded_sql(domain, customer),
                matches=SQL(" AND ").join(SQL("strpos(t.folded, %s) > 0", word) for word in words),
                search=" ".join(words),
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _search_b2b_typos(self, domain, words, customer=None):
        """Return the ids of products that have words much like those."""
        rows = self.env.execute_query(
            SQL("SELECT t.id, t.folded FROM %s", self._get_b2b_folded_sql(domain, customer))
        )
        words_of = {product_id: set(re.findall(r"\w+", text)) for product_id, text in rows}
        vocabulary = set().union(*words_of.values())
        alternatives = []
        for word in words:
            near = {other for other in vocabulary if word in other}
            if len(word) >= 4:
                near.update(difflib.get_close_matches(word, vocabulary, 20, TYPO_CUTOFF))
            alternatives.append(near)
        return [
            product_id
            for product_id, own in words_of.items()
            if all(own & near for near in alternatives)
        ]
