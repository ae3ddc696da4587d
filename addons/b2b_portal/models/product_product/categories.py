from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

# So many products of the shop are counted; of more of them, that there are more.
COUNT_LIMIT = 1000
# And so many of each category, where the shop has more than it counts.
CATEGORY_LIMIT = 100


class ProductProduct(models.Model):
    """Categories: what the shop's page has beside the products, with bounded counts."""

    _inherit = "product.product"

    @api.model
    def _count_b2b_products(self, domain, offset=0):
        """Return how many products there are, at most one more than `COUNT_LIMIT` from a page on.

        :param Domain domain: see `_get_b2b_shop_domain`
        :param int offset: where the page begins: whoever turns pages gets to the end
        :rtype: int
        """
        return self.search_count(domain, limit=offset + COUNT_LIMIT + 1)

    @api.model
    def _get_b2b_categories(self, domain, category_id=None):
        """Return the way to a product category, and the categories right below it.

        :param Domain domain: of the shop's products, see `_get_b2b_shop_domain`
        :param int category_id: as the client sent it; without products it is none
        :return: `category` (current, may be empty), `category_path`, `category_total` (None = not
            counted) and `categories`: tuples of a category, how many products it has, and how many
            are counted at most
        :rtype: dict
        """
        counts = self._count_b2b_by_category(domain)
        if counts is None:
            return self._get_b2b_counted_categories(domain, category_id)
        known = self.env["product.category"].browse(one for one in counts if one).sorted("name")
        current = known.filtered(lambda category: category.id == category_id)
        below = known.filtered(lambda category: category.parent_id == current)
        if not current and len(below) == 1:
            # A lone root ("All") is no choice: begin with what lies below it.
            below = known.filtered(lambda category: category.parent_id == below) or below
        return {
            "category": current,
            "category_path": known.browse(self._get_b2b_category_path(current)),
            "category_total": counts[current.id],
            "categories": [(one, counts[one.id], COUNT_LIMIT) for one in below],
        }

    @staticmethod
    def _get_b2b_category_path(category):
        """Return the ids of a category and those above it; a product may have none."""
        return [int(one) for one in (category.parent_path or "").split("/") if one]

    @api.model
    def _count_b2b_by_category(self, domain):
        """Return how many products there are in and below each category, if that is soon known.

        :param Domain domain: see `_get_b2b_shop_domain`
        :return: `{category id: count}`, False for all; None = more than `COUNT_LIMIT`
        :rtype: dict
        """
        query = self._search(domain, limit=COUNT_LIMIT + 1)
        category = self._field_to_sql(self._table, "categ_id", query)
        rows = self.env.execute_query(
            SQL(
                "SELECT found.categ_id, count(*) FROM (%s) found GROUP BY found.categ_id",
                query.select(SQL("%s AS categ_id", category)),
            )
        )
        counts = {False: sum(count for _category_id, count in rows)}
        if counts[False] > COUNT_LIMIT:
            return None
        categories = self.env["product.category"].browse(one for one, _count in rows if one)
        paths = {one.id: self._get_b2b_category_path(one) for one in categories}
        for category_id, count in rows:
            for ancestor_id in paths.get(category_id, ()):
                counts[ancestor_id] = counts.get(ancestor_id, 0) + count
        return counts

    @api.model
    def _get_b2b_counted_categories(self, domain, category_id):
        """Return what `_get_b2b_categories` does, of a shop with more products than are counted."""
        current = self.env["product.category"].browse(category_id or ()).exists()
        within = Domain("categ_id", "child_of", current.ids)
        if current and not self.search_count(domain & within, limit=1):
            current = current.browse()
        below = self._count_b2b_below(domain, current)
        if not current and len(below) == 1:
            below = self._count_b2b_below(domain, below[0][0]) or below
        return {
            "category": current,
            "category_path": current.browse(self._get_b2b_category_path(current)),
            "category_total": None if current else COUNT_LIMIT + 1,
            "categories": below,
        }

    @api.model
    def _count_b2b_below(self, domain, parent):
        """Count the products in each category right below one, each of them up to its limit.

        :param Domain domain: see `_get_b2b_shop_domain`
        :param product.category parent: empty for the roots
        :return: as `categories` of `_get_b2b_categories`, by name
        :rtype: list[tuple]
        """
        children = self.env["product.category"].search([("parent_id", "=", parent.id)])
        query = self._search(domain, limit=CATEGORY_LIMIT + 1)
        category = self._field_to_sql(self._table, "categ_id", query)
        # Each category by itself: the database stops where there are enough of one.
        query.add_where(
            SQL(
                "%s IN (SELECT id FROM product_category"
                " WHERE starts_with(parent_path, child.parent_path))",
                category,
            )
        )
        rows = self.env.execute_query(
            SQL(
                "SELECT child.id, counted.count FROM product_category child"
                " CROSS JOIN LATERAL (SELECT count(*) FROM (%s) found) counted"
                " WHERE child.id = ANY(%s)",
                query.select(SQL("1")),
                children.ids,
            )
        )
        counts = dict(rows)
        return [
            (one, counts[one.id], CATEGORY_LIMIT)
            for one in children.sorted("name")
            if counts[one.id]
        ]
