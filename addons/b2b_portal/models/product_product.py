import difflib
import math
import re
import unicodedata
from fractions import Fraction

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL, float_compare

from odoo.addons.b2b_pricelist.formatting import format_quantity
from odoo.addons.order_status_flags.table_csv import OUTER_BLANKS

from ..quick_order_header import fold

# Latin letters with an accent and their plain ones, for SQL's translate(): the extension
# `unaccent` is a choice of who made the database, and searching must forgive without it.
_PAIRS = {
    char: fold(char)
    for char in map(chr, range(0xC0, 0x180))
    if char == char.lower() and len(fold(char)) == 1 and fold(char) != char
}
ACCENTED, PLAIN = "".join(_PAIRS), "".join(_PAIRS.values())
# How alike two words must be to be taken for a slip of the finger, from 0 to 1.
TYPO_CUTOFF = 0.72


class ProductProduct(models.Model):
    """Products as the B2B shop lists, finds and sells them."""

    _inherit = "product.product"

    # === ASSORTMENT === #

    @api.model
    def _get_b2b_shop_domain(self, company):
        """Return the products of the B2B shop: active, for sale, of the own or no company.

        Combos are left out: their price comes from choices, which the shop does not offer.

        :param res.company company: the seller
        :rtype: Domain
        """
        return (
            Domain("sale_ok", "=", True)
            & Domain("active", "=", True)
            & Domain("type", "!=", "combo")
            & Domain("company_id", "in", [False, *company.parent_ids.ids])
        )

    @api.model
    def _search_b2b_shop(
        self, company, search="", category_id=None, offset=0, limit=None, total=None
    ):
        """Find products by name, reference or barcode; case, accents and small typos do not matter.

        :param res.company company: the seller
        :param str search: words, all of which must be found
        :param int category_id: only of this product category and those below
        :param int total: how many there are without a search, when the caller knows already
        :return: products of the page, how many there are in all, whether typos were guessed
        :rtype: tuple[product.product, int, bool]
        """
        domain = self._get_b2b_shop_domain(company)
        if category_id:
            domain &= Domain("categ_id", "child_of", category_id)
        words = self._fold_b2b_search(search).split()[:10]
        if not words:
            # As on the price list, and the database has an index for it.
            products = self.search(
                domain, order="default_code, name, id", offset=offset, limit=limit
            )
            return products, self.search_count(domain) if total is None else total, False
        ids = self._search_b2b_words(domain, words)
        guessed = False
        if not ids:
            ids = self._search_b2b_typos(domain, words)
            guessed = bool(ids)
        return self.browse(ids[offset : offset + limit if limit else None]), len(ids), guessed

    @api.model
    def _fold_b2b_search(self, text):
        """Fold a search as the database folds the names."""
        return fold(unicodedata.normalize("NFC", text or "").replace("\x00", ""))[:200]

    def _get_b2b_folded_sql(self, domain):
        """Return the SQL of a table `t` of the products: `id`, `default_code`, `barcode` and
        `folded`, which is what is searched: name, reference and barcode.

        `OFFSET 0` makes PostgreSQL fold each text once, not once a word; `translate` is slow, and
        most texts have nothing to translate.
        """
        self.env["product.template"].flush_model(["name"])
        self.flush_model(["default_code", "barcode"])
        return SQL(
            """(
                SELECT id, default_code, barcode,
                       CASE WHEN octet_length(text) = length(text) THEN text
                            ELSE translate(text, %(accented)s, %(plain)s)
                       END AS folded
                  FROM (
                    SELECT product.id, product.default_code, product.barcode,
                           lower(concat_ws(
                               ' ', COALESCE(template.name->>%(lang)s, template.name->>'en_US'),
                               product.default_code, product.barcode
                           )) AS text
                      FROM product_product product
                      JOIN product_template template ON template.id = product.product_tmpl_id
                     WHERE product.id IN %(allowed)s
                    OFFSET 0
                  ) raw
                OFFSET 0
            ) t""",
            lang=self.env.lang or "en_US",
            accented=ACCENTED,
            plain=PLAIN,
            allowed=self._search(domain).subselect(),
        )

    @api.model
    def _search_b2b_words(self, domain, words):
        """Return the ids of products with all the words, the best match first."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT t.id
                  FROM %(products)s
                 WHERE %(matches)s
              ORDER BY (lower(t.default_code) = %(search)s OR lower(t.barcode) = %(search)s)
                           IS TRUE DESC,
                       starts_with(lower(t.default_code), %(search)s) IS TRUE DESC,
                       starts_with(t.folded, %(search)s) DESC,
                       t.folded, t.id
                """,
                products=self._get_b2b_folded_sql(domain),
                matches=SQL(" AND ").join(SQL("strpos(t.folded, %s) > 0", word) for word in words),
                search=" ".join(words),
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _search_b2b_typos(self, domain, words):
        """Return the ids of products that have words much like those."""
        rows = self.env.execute_query(
            SQL("SELECT t.id, t.folded FROM %s", self._get_b2b_folded_sql(domain))
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

    @api.model
    def _get_b2b_categories(self, company):
        """Return how many products the shop has in each product category.

        :rtype: list[tuple[product.category, int]]
        """
        return self._read_group(self._get_b2b_shop_domain(company), ["categ_id"], ["__count"])

    @api.model
    def _find_b2b_codes(self, company, codes):
        """Find products by internal reference or barcode, exact but for case and outer blanks.

        :param res.company company: the seller
        :param codes: texts
        :return: `{code in lower case: products}`, several when a code is ambiguous; codes that
            fit nothing are left out
        :rtype: dict
        """
        asked = self._lower_b2b_codes(codes)
        if not asked:
            return {}
        self.flush_model(["default_code", "barcode"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT lower(btrim(p.default_code, %(blanks)s)),
                       lower(btrim(p.barcode, %(blanks)s)), p.id
                  FROM product_product p
                 WHERE (lower(btrim(p.default_code, %(blanks)s)) = ANY(%(asked)s)
                        OR lower(btrim(p.barcode, %(blanks)s)) = ANY(%(asked)s))
                   AND p.id IN %(allowed)s
              ORDER BY p.id
                """,
                blanks=OUTER_BLANKS,
                asked=list(asked),
                allowed=self._search(self._get_b2b_shop_domain(company)).subselect(),
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

        :param codes: texts
        :return: `{code in small letters of the database: codes in small letters of Python}`
        :rtype: dict
        """
        wanted = list({code for code in codes if code})
        if not wanted:
            return {}
        query = SQL("SELECT code, lower(code) FROM unnest(%s) AS code", wanted)
        asked = {}
        for code, lowered in self.env.execute_query(query):
            asked.setdefault(lowered, set()).add(code.lower())
        return asked

    def _get_b2b_pictured(self):
        """Return the ids of those of these products that have a picture, in one query.

        :rtype: set
        """
        templates = self.product_tmpl_id
        attachments = self.env["ir.attachment"].sudo()  # reads which records have one only
        rows = attachments._read_group(
            Domain("res_field", "in", ("image_variant_256", "image_256"))
            & (
                (Domain("res_model", "=", "product.product") & Domain("res_id", "in", self.ids))
                | (
                    Domain("res_model", "=", "product.template")
                    & Domain("res_id", "in", templates.ids)
                )
            ),
            ["res_model", "res_id"],
        )
        pictured = set(rows)
        return {
            product.id
            for product in self
            if ("product.product", product.id) in pictured
            or ("product.template", product.product_tmpl_id.id) in pictured
        }

    # === QUANTITIES === #

    def _get_b2b_uoms(self):
        """Return the units in which the product is sold: its own, and its packs."""
        self.ensure_one()
        return self.uom_id | self.uom_ids

    def _get_b2b_quantity_step(self, uom):
        """Return the smallest quantity and the step that are valid in a unit.

        Packs are sold whole; a product that is sold in multiples, in what fills those.

        :param uom.uom uom: the unit that the buyer chose
        :return: minimum and step in that unit; a step of 0 = any quantity
        :rtype: tuple[float, float]
        """
        self.ensure_one()
        if uom == self.uom_id and not (self.b2b_minimum_qty or self.b2b_multiple_qty):
            return 0.0, 0.0  # by far the most
        factor = self._get_b2b_pack_size(uom)
        multiple = Fraction(str(self.b2b_multiple_qty or 0))
        is_pack = uom != self.uom_id
        step = Fraction(0)
        if multiple:
            step = self._get_fraction_lcm(factor, multiple) / factor if is_pack else multiple
        elif is_pack:
            step = Fraction(1)
        minimum = Fraction(str(self.b2b_minimum_qty or 0)) / factor
        if step:
            minimum = max(math.ceil(minimum / step), 1) * step
        return float(minimum), float(step)

    def _get_b2b_pack_size(self, uom):
        """Return how many of the product's unit are in a unit, exactly."""
        if uom == self.uom_id or not self.uom_id.factor:
            return Fraction(1)
        ratio = uom.factor / self.uom_id.factor
        return Fraction(ratio).limit_denominator(100_000)

    @api.model
    def _get_fraction_lcm(self, one, other):
        denominator = math.lcm(one.denominator, other.denominator)
        return Fraction(math.lcm(int(one * denominator), int(other * denominator)), denominator)

    def _get_b2b_nearest_quantity(self, quantity, uom):
        """Return the valid quantity nearest to one that may not be valid.

        :param float quantity: in the unit
        :param uom.uom uom: the unit that the buyer chose
        :rtype: float
        """
        minimum, step = self._get_b2b_quantity_step(uom)
        if step:
            wanted = Fraction(str(round(quantity, 6))) / Fraction(str(step))
            quantity = float(Fraction(str(step)) * max(math.floor(wanted + Fraction(1, 2)), 1))
        nearest = uom.round(quantity) or uom.round(1e-6, rounding_method="UP")
        return max(nearest, minimum)

    def _get_b2b_quantity_problem(self, quantity, uom):
        """Return why a quantity cannot be ordered, with the nearest one that can, or ''.

        :param float quantity: in the unit
        :param uom.uom uom: the unit that the buyer chose
        :rtype: str
        """
        self.ensure_one()
        if (
            uom == self.uom_id
            and not (self.b2b_minimum_qty or self.b2b_multiple_qty)
            and not float_compare(quantity, uom.round(quantity), precision_digits=6)
        ):
            return ""  # by far the most, of thousands of rows
        if uom not in self._get_b2b_uoms():
            return self.env._(
                "%(product)s is not sold in %(unit)s.", product=self.display_name, unit=uom.name
            )
        nearest = self._get_b2b_nearest_quantity(quantity, uom)
        if not float_compare(quantity, nearest, precision_digits=6):
            return ""
        minimum, step = self._get_b2b_quantity_step(uom)
        values = {
            "product": self.display_name,
            "unit": uom.name,
            "minimum": format_quantity(self.env, minimum),
            "step": format_quantity(self.env, step),
            "nearest": format_quantity(self.env, nearest),
        }
        if step and float_compare(minimum, step, precision_digits=6) > 0:
            return self.env._(
                "%(product)s is sold from %(minimum)s %(unit)s on, in multiples of %(step)s."
                " The nearest valid quantity is %(nearest)s.",
                **values,
            )
        if step:
            return self.env._(
                "%(product)s is sold in multiples of %(step)s %(unit)s."
                " The nearest valid quantity is %(nearest)s.",
                **values,
            )
        return self.env._(
            "%(product)s is sold from %(minimum)s %(unit)s on."
            " The nearest valid quantity is %(nearest)s.",
            **values,
        )

    # === AVAILABILITY === #

    def _get_b2b_availability(self, company):
        """Hook: tell what buyers may know about the stock of these products.

        :param res.company company: the seller
        :return: `{product id: {"state": "available" | "limited" | "out", "text": str}}`; products
            without an entry show nothing
        :rtype: dict
        """
        return {}
