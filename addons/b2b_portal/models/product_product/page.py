from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from .assortment import PICTURE_FIELDS

# Lists of an article that are read only where there is something in them: of most articles there
# is nothing in any. Some are fields of the web shop.
TEMPLATE_LISTS = (
    "attribute_line_ids",
    *("alternative_product_ids", "accessory_product_ids"),
    *("product_template_image_ids", "uom_ids"),
)
VARIANT_LISTS = ("product_variant_image_ids", "product_template_attribute_value_ids")
# Texts of an article, the first one for quotations.
TEXTS = ("description_sale", "description_ecommerce", "website_description")


class ProductProduct(models.Model):
    """Page: what the page of one article shows beside what the shop shows."""

    _inherit = "product.product"

    @api.model
    def _get_b2b_article(self, company, product_id):
        """Return an article that the shop sells, with all its variants that it sells.

        Most articles have no attributes. Whether such a one is sold, its own fields tell, which the
        page shows anyway; the search that looks at attributes takes longer than all of these.

        :param res.company company: the seller
        :param int product_id: of the article, falsy for none
        :return: the article, empty when the shop does not sell it; the variants, itself among
            them; see `_find_b2b_lists`
        :rtype: tuple[product.product, product.product, set]
        """
        names = ["product_tmpl_id", "default_code", "barcode", "active"]
        product = self.search_fetch([("id", "=", product_id or 0)], names, order="id")
        if not product:
            return product, product, set()
        product._fetch_b2b_article()
        lists = product._find_b2b_lists()
        sold = self._get_b2b_shop_domain(company)
        if "attribute_line_ids" in lists:
            siblings = Domain("product_tmpl_id", "=", product.product_tmpl_id.id)
            variants = self.search_fetch(sold & siblings, names)
        else:
            variants = product.filtered_domain(sold)
        return product & variants, variants, lists

    def _find_b2b_lists(self):
        """Return which lists of this article have anything in them, in one query.

        The others are known to be empty from then on: nobody reads them in this transaction.

        :return: names of fields, `documents` and `picture`
        :rtype: set[str]
        """
        self.ensure_one()
        template = self.product_tmpl_id
        lists = {
            name: record
            for record, names in ((template, TEMPLATE_LISTS), (self, VARIANT_LISTS))
            for name in names
            if name in record._fields
        }
        asked = [self._select_b2b_list(record, name) for name, record in lists.items()]
        records = (template._name, template.id), (self._name, self.id)
        asked.append(
            SQL(
                "SELECT FROM ir_attachment file JOIN product_document document"
                " ON document.ir_attachment_id = file.id"
                " WHERE (file.res_model, file.res_id) IN %s",
                records,
            )
        )
        asked.append(
            SQL(
                "SELECT FROM ir_attachment WHERE res_field IN %s AND (res_model, res_id) IN %s",
                PICTURE_FIELDS,
                records,
            )
        )
        there = SQL(", ").join(SQL("EXISTS (%s)", query) for query in asked)
        [row] = self.env.execute_query(SQL("SELECT %s", there))
        names = (*lists, "documents", "picture")
        found = {name for name, is_there in zip(names, row, strict=True) if is_there}
        for name in lists.keys() - found:
            # Others read them as well: the prices and the units of the shop.
            lists[name]._fields[name]._insert_cache(lists[name], [()])
        return found

    @api.model
    def _select_b2b_list(self, record, name):
        field = record._fields[name]
        if field.type == "many2many":
            table, column = field.relation, field.column1
        else:
            table, column = self.env[field.comodel_name]._table, field.inverse_name
        names = SQL.identifier(table), SQL.identifier(column)
        return SQL("SELECT FROM %s WHERE %s = %s", *names, record.id)

    def _fetch_b2b_article(self):
        """Read by name what the page of this article shows of its template, and if it is sold."""
        template = self.product_tmpl_id
        names = [name for name in TEXTS if name in template._fields]
        template.fetch([*self._get_b2b_shown_fields(), *names, "sale_ok", "service_tracking"])

    def _get_b2b_choices(self, variants):
        """Return the attributes of this article, with the variant behind each value.

        A value leads to the variant that has it and shares most other values.

        :param product.product variants: of `_get_b2b_article`
        :return: dicts `name`, `values`: dicts `name`, `product` (empty: not sold so), `is_own`
        :rtype: list[dict]
        """
        self.ensure_one()
        # Of all of them at once, the own ones among them.
        variants.mapped("product_template_attribute_value_ids")
        own = self.product_template_attribute_value_ids
        choices = []
        for line in self.product_tmpl_id.valid_product_template_attribute_line_ids:
            values = line.product_template_value_ids._only_active()
            described = [
                {
                    "name": value.name,
                    "product": self._get_b2b_nearest(variants, value),
                    "is_own": value in own or len(values) == 1,
                }
                for value in values
            ]
            choices.append({"name": line.attribute_id.name, "values": described})
        return choices

    def _get_b2b_nearest(self, variants, value):
        having = variants.filtered(lambda one: value in one.product_template_attribute_value_ids)
        own = self.product_template_attribute_value_ids
        return having.sorted(
            lambda one: (-len(one.product_template_attribute_value_ids & own), one.id)
        )[:1]

    def _get_b2b_related(self, company, lists):
        """Return alternatives and accessories that the shop sells, where Odoo has them.

        :param res.company company: the seller
        :param set lists: of `_find_b2b_lists`
        :return: `{"alternatives": products, "accessories": products}`
        :rtype: dict
        """
        self.ensure_one()
        template = self.product_tmpl_id
        related = {"alternatives": self.browse(), "accessories": self.browse()}
        if "alternative_product_ids" in lists:
            related["alternatives"] = template.alternative_product_ids.product_variant_id
        if "accessory_product_ids" in lists:
            related["accessories"] = template.accessory_product_ids
        every = related["alternatives"] | related["accessories"]
        sellable = every and (every - self)._filter_b2b_sold(company)
        return {name: products & sellable for name, products in related.items()}

    def _get_b2b_pictures(self, lists=None):
        """Return the records that have the pictures of this article, the main one first.

        :param set lists: of `_find_b2b_lists`, from a caller that has asked
        :return: the article, then `product.image` records where the web shop is installed
        :rtype: list
        """
        self.ensure_one()
        if lists is None:
            lists = self._find_b2b_lists()
        pictures = [self] if "picture" in lists else []
        for record, name in (
            (self, "product_variant_image_ids"),
            (self.product_tmpl_id, "product_template_image_ids"),
        ):
            if name in lists:
                # Only whether there is one: the file is not read.
                sized = record[name].with_context(bin_size=True)
                pictures += [one.with_env(self.env) for one in sized if one.image_1920]
        return pictures

    def _get_b2b_documents(self):
        """Return the documents of this article that Odoo shows to customers.

        That is on the page of the web shop, or with every quotation.

        :rtype: product.document
        """
        self.ensure_one()
        documents = self.env["product.document"]
        shown = Domain("attached_on_sale", "=", "quotation")
        if "shown_on_product_page" in documents._fields:
            shown |= Domain("shown_on_product_page", "=", True)
        of_article = Domain("res_model", "=", self._name) & Domain("res_id", "=", self.id)
        of_template = Domain("res_model", "=", self.product_tmpl_id._name) & Domain(
            "res_id", "=", self.product_tmpl_id.id
        )
        return documents.search(shown & (of_article | of_template))

    def _get_b2b_descriptions(self):
        """Return the texts of this article: for quotations, and those of the web shop.

        :return: plain text, and HTML texts
        :rtype: tuple[str, list]
        """
        self.ensure_one()
        template = self.product_tmpl_id
        _quotation, *names = TEXTS
        texts = [template[name] for name in names if name in template._fields and template[name]]
        return self.description_sale or "", texts
