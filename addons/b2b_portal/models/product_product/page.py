from odoo import api, models
from odoo.fields import Domain


class ProductProduct(models.Model):
    """Page: what the page of one article shows beside what the shop shows."""

    _inherit = "product.product"

    @api.model
    def _get_b2b_article(self, company, product_id):
        """Return an article and all its variants that the shop sells, found at once.

        :param res.company company: the seller
        :param int product_id: of the article, falsy for none
        :return: the article, empty when the shop does not sell it; the variants, itself among them
        :rtype: tuple[product.product, product.product]
        """
        if not product_id:
            return self.browse(), self.browse()
        sold = self._get_b2b_shop_domain(company)
        variants = self.search(
            sold & Domain("product_tmpl_id.product_variant_ids", "in", [product_id])
        )
        return self.browse({product_id} & set(variants.ids)), variants

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

    def _get_b2b_related(self, company):
        """Return alternatives and accessories that the shop sells, where Odoo has them.

        :param res.company company: the seller
        :return: `{"alternatives": products, "accessories": products}`
        :rtype: dict
        """
        self.ensure_one()
        template = self.product_tmpl_id
        related = {"alternatives": self.browse(), "accessories": self.browse()}
        # They are fields of the web shop.
        if "alternative_product_ids" in template._fields:
            related["alternatives"] = template.alternative_product_ids.product_variant_id
        if "accessory_product_ids" in template._fields:
            related["accessories"] = template.accessory_product_ids
        every = related["alternatives"] | related["accessories"]
        sellable = every and (every - self)._filter_b2b_sold(company)
        return {name: products & sellable for name, products in related.items()}

    def _get_b2b_pictures(self, is_pictured=None):
        """Return the records that have the pictures of this article, the main one first.

        :param bool is_pictured: whether the article has one, from a caller that knows
        :return: the article, then `product.image` records where the web shop is installed
        :rtype: list
        """
        self.ensure_one()
        if is_pictured is None:
            is_pictured = self.id in self._get_b2b_pictured()
        pictures = [self] if is_pictured else []
        for record, name in (
            (self, "product_variant_image_ids"),
            (self.product_tmpl_id, "product_template_image_ids"),
        ):
            if name in record._fields:
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
        texts = [
            template[name]
            for name in ("description_ecommerce", "website_description")
            if name in template._fields and template[name]
        ]
        return self.description_sale or "", texts
