import difflib
import re

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...search_text import CODES, NAMES, fold_index, fold_search, fold_sql
from .categories import COUNT_LIMIT

# How alike two words must be to be taken for a slip of the finger, from 0 to 1.
TYPO_CUTOFF = 0.72
# So many products that have a word are compared one by one; more are no help.
NEAR_LIMIT = 1000
# So many products are compared with a slip of the finger; of more, those that look much like it.
TYPO_LIMIT = 5000
TYPO_SIMILARITY = 0.3
# Shorter words are no slips of the finger.
MIN_TYPO = 4
# What the database can look up in its indexes: three characters that JSON does not write otherwise.
PROBE = re.compile(r'[^"\\\x00-\x1f]{3,}')


class ProductProduct(models.Model):
    """Search: how buyers find products by words."""

    _inherit = "product.product"

    _b2b_codes_folded_idx = models.Index(fold_index(CODES))

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
        :return: products of the page; how many there are in all, with a limit counted as by
            `_count_b2b_products`; whether typos were guessed
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
            if total is None or (offset and total > COUNT_LIMIT):
                total = (
                    self._count_b2b_products(domain, offset) if limit else self.search_count(domain)
                )
            return products, total, False
        near, is_all = self._find_b2b_near(words, customer)
        if not is_all:
            near = None
        if near is None and limit:
            enough = offset + COUNT_LIMIT + 1
            ids = self._find_b2b_matching(domain, words, customer, enough)
            if len(ids) == enough:
                products = self._search_b2b_many(company, domain, words, customer, offset, limit)
                return products, enough, False
            near = SQL("%s = ANY(%s)", SQL.identifier(self._table, "id"), ids)
        ids = self._search_b2b_words(domain, words, customer, near)
        guessed = False
        if not ids:
            ids = self._search_b2b_typos(domain, words, customer)
            guessed = bool(ids)
        return self.browse(ids[offset : offset + limit if limit else None]), len(ids), guessed

    @api.model
    def _suggest_b2b_products(self, company, search, limit, customer):
        """Find the first products of a search, without counting how many there are.

        :param res.company company: the seller
        :param str search: what was typed so far
        :param int limit: how many to find
        :param res.partner customer: whose own codes are searched, too
        :return: products, with their names and codes read
        :rtype: product.product
        """
        words = self._fold_b2b_search(search).split()[:10]
        if not words:
            return self
        domain = self._get_b2b_shop_domain(company).optimize_full(self)
        products = self
        near, is_all = self._find_b2b_near(words, customer)
        if near is not None:
            # Of many products with a word, some are enough; what has it as its code is first.
            exact = self if is_all else self._find_b2b_exact(company, domain, words, customer)
            ids = self._search_b2b_words(domain, words, customer, near)
            products = (exact | self.browse(ids))[:limit]
        if not is_all and len(products) < limit:
            products = self._search_b2b_many(company, domain, words, customer, 0, limit)
        if not products:
            products = self.browse(self._search_b2b_typos(domain, words, customer)[:limit])
        products.fetch(["default_code", "barcode", "product_tmpl_id"])
        products.product_tmpl_id.fetch(["name"])
        return products

    @api.model
    def _fold_b2b_search(self, text):
        """Fold a search as the database folds the names."""
        return fold_search((text or "").replace("\x00", "")).strip()[:200]

    def _get_b2b_search_query(self, domain, customer=None, **options):
        """Return a query of products, with the SQL of their own code and of what is searched.

        :param Domain domain: of the shop's products
        :param res.partner customer: whose own codes are searched
        :param options: of `_search`
        :return: query; own code; name, reference, barcode, and own code in one text
        :rtype: tuple[Query, SQL, SQL]
        """
        self.env["product.template"].flush_model(["name"])
        self.flush_model(["default_code", "barcode"])
        query = self._search(domain, **options)
        own = self._get_b2b_customer_codes_sql(customer) if customer else None
        own_code = SQL("NULL::text")
        if own is not None:
            own_code = SQL("own.code")
            query.add_join(
                "LEFT JOIN",
                "own",
                SQL("(%s)", own),
                SQL("own.product_id = %s", SQL.identifier(self._table, "id")),
            )
        text = SQL(
            "concat_ws(' ', %s, %s, %s, %s)",
            self._field_to_sql(self._table, "name", query),
            self._field_to_sql(self._table, "default_code", query),
            self._field_to_sql(self._table, "barcode", query),
            own_code,
        )
        return query, own_code, text

    def _get_b2b_folded_sql(self, domain, customer=None, near=None):
        """Return the SQL of a table `t` of the products: `id`, `default_code`, `barcode`,
        `own_code` and `folded`, which is what is searched: name, reference, barcode, own code.

        `OFFSET 0` makes PostgreSQL fold each text once, not once a word.

        :param SQL near: condition, only of these products; None = of all
        """
        query, own_code, text = self._get_b2b_search_query(domain, customer)
        if near is not None:
            query.add_where(near)
        return SQL(
            """(
                SELECT id, default_code, barcode, own_code, %(folded)s AS folded
                  FROM (%(texts)s OFFSET 0) raw
                OFFSET 0
            ) t""",
            folded=fold_sql(SQL("text")),
            texts=query.select(
                SQL.identifier(self._table, "id"),
                SQL.identifier(self._table, "default_code"),
                SQL.identifier(self._table, "barcode"),
                SQL("%s AS own_code", own_code),
                SQL("%s AS text", text),
            ),
        )

    # === BY INDEXES === #

    @api.model
    def _find_b2b_near(self, words, customer=None):
        """Find the products that have one of the words in any language, sold here or not.

        The word that few have is asked for: numbers say more than words, long words more than
        short ones.

        :param list words: folded
        :param res.partner customer: whose own codes are searched
        :return: condition, None = no index can tell; and whether these are all: if each word is in
            too many, they are some of the last one's
        :rtype: tuple[SQL, bool]
        """
        near, is_all = None, False
        if not self.pool.has_trigram:
            return near, is_all
        probes = {probe for word in words for probe in PROBE.findall(word)}
        for probe in sorted(
            probes, key=lambda one: (any(map(str.isdigit, one)), len(one), one), reverse=True
        )[:3]:
            pattern = "%" + re.sub(r"([%_])", r"\\\1", probe) + "%"
            near, is_all = self._get_b2b_near(SQL("LIKE %s", pattern), customer)
            if is_all:
                break
        return near, is_all

    def _get_b2b_near(self, condition, customer=None):
        """Find products by a text in any language, by indexes, sold here or not.

        :param SQL condition: of a folded text, which stands before it
        :param res.partner customer: whose own codes are searched
        :return: condition of the products, and whether these are all
        :rtype: tuple[SQL, bool]
        """
        self.env["product.template"].flush_model(["name"])
        self.flush_model(["default_code", "barcode"])
        sources = {
            "SELECT id, NULL::integer FROM product_product": fold_sql(SQL(CODES)),
            "SELECT NULL::integer, id FROM product_template": fold_sql(SQL(NAMES)),
        }
        sources = [
            SQL("(%s WHERE %s %s LIMIT %s)", SQL(source), folded, condition, NEAR_LIMIT + 1)
            for source, folded in sources.items()
        ]
        own = self._get_b2b_customer_codes_sql(customer) if customer else None
        if own is not None:
            sources.append(
                SQL(
                    "(SELECT product_id, NULL::integer FROM (%s) own WHERE %s %s LIMIT %s)",
                    *(own, fold_sql(SQL("own.code")), condition, NEAR_LIMIT + 1),
                )
            )
        rows = self.env.execute_query(SQL(" UNION ALL ").join(sources))
        near = SQL(
            "(%s = ANY(%s) OR %s = ANY(%s))",
            SQL.identifier(self._table, "id"),
            [product_id for product_id, _template_id in rows if product_id],
            SQL.identifier(self._table, "product_tmpl_id"),
            [template_id for _product_id, template_id in rows if template_id],
        )
        return near, len(rows) <= NEAR_LIMIT

    @api.model
    def _find_b2b_matching(self, domain, words, customer, limit):
        """Return the ids of some products with all the words: the first that the database finds.

        :param int limit: how many to look for
        :rtype: list[int]
        """
        query, _own_code, text = self._get_b2b_search_query(domain, customer, limit=limit)
        query.add_where(self._get_b2b_matches_sql(fold_sql(text), words))
        return list(query.get_result_ids())

    # === BY WORDS === #

    @api.model
    def _search_b2b_words(self, domain, words, customer=None, near=None):
        """Return the ids of products with all the words, the best match first.

        :param SQL near: see `_find_b2b_near`
        """
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
                products=self._get_b2b_folded_sql(domain, customer, near),
                matches=self._get_b2b_matches_sql(SQL("t.folded"), words),
                search=" ".join(words),
            )
        )
        return [row[0] for row in rows]

    @staticmethod
    def _get_b2b_matches_sql(folded, words):
        return SQL(" AND ").join(SQL("strpos(%s, %s) > 0", folded, word) for word in words)

    @api.model
    def _search_b2b_many(self, company, domain, words, customer, offset, limit):
        """Return a page of products with all the words, of more than are counted.

        To sort them by how well they match, all would have to be read. They come as on the price
        list, for which there is an index; only what has these words as its code comes first.
        """
        exact = self._find_b2b_exact(company, domain, words, customer)
        first = exact[offset : offset + limit]
        query, _own_code, text = self._get_b2b_search_query(
            domain & Domain("id", "not in", exact.ids),
            customer,
            order="default_code, name, id",
            offset=max(offset - len(exact), 0),
            limit=limit - len(first),
        )
        query.add_where(self._get_b2b_matches_sql(fold_sql(text), words))
        return first + self.browse(query.get_result_ids()) if limit > len(first) else first

    @api.model
    def _find_b2b_exact(self, company, domain, words, customer):
        """Return the products with the search as their code, ours or the customer's."""
        search = " ".join(words)
        found = self.union(
            *self._find_b2b_codes(company, [search], domain).values(),
            *self._find_b2b_customer_codes(company, customer, [search], domain).values(),
        )
        return self.search(domain & Domain("id", "in", found.ids)) if found else found

    @api.model
    def _search_b2b_typos(self, domain, words, customer=None):
        """Return the ids of products that have words much like those."""
        if all(len(word) < MIN_TYPO for word in words):
            return []  # they are found as they are, or not at all
        near = None
        if self.search_count(domain, limit=TYPO_LIMIT + 1) > TYPO_LIMIT:
            near = self._find_b2b_similar(words, customer)
        rows = self.env.execute_query(
            SQL("SELECT t.id, t.folded FROM %s", self._get_b2b_folded_sql(domain, customer, near))
        )
        words_of = {product_id: set(re.findall(r"\w+", text)) for product_id, text in rows}
        vocabulary = set().union(*words_of.values())
        alternatives = []
        for word in words:
            near = {other for other in vocabulary if word in other}
            if len(word) >= MIN_TYPO:
                near.update(difflib.get_close_matches(word, vocabulary, 20, TYPO_CUTOFF))
            alternatives.append(near)
        return [
            product_id
            for product_id, own in words_of.items()
            if all(own & near for near in alternatives)
        ]

    @api.model
    def _find_b2b_similar(self, words, customer=None):
        """Find products with letters much like those of the longest word, sold here or not.

        :param list words: folded
        :param res.partner customer: whose own codes are searched
        :return: condition; None = the database cannot tell
        :rtype: SQL
        """
        if not self.pool.has_trigram:
            return None
        self.env.execute_query(
            SQL(
                "SELECT set_config('pg_trgm.word_similarity_threshold', %s, true)",
                str(TYPO_SIMILARITY),
            )
        )
        return self._get_b2b_near(SQL("%%> %s", max(words, key=len)), customer)[0]
