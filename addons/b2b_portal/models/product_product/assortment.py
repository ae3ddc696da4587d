from odoo import api, models, tools
from odoo.fields import Domain
from odoo.tools import SQL

# Services that mean nothing without what is chosen for each line of an order.
CONFIGURED_SERVICES = ("event", "event_booth")
# Of a variant, and of all variants of a template.
PICTURE_FIELDS = ("image_variant_256", "image_256")


class ProductProduct(models.Model):
    """Assortment: which products the B2B shop sells, and what it shows of them."""

    _inherit = "product.product"

    @api.model
    def _get_b2b_shop_domain(self, company):
        """Return the products of the B2B shop: active, for sale, of the own or no company.

        What has to be chosen or configured for each order is left out, since the shop offers no
        choice: combos, options that make no variant, texts of the customer, registrations for
        events. So is what Odoo itself sells as a discount or deposit.

        :param res.company company: the seller
        :return: to be narrowed by `&`; some of its operators are for no list
        :rtype: Domain
        """
        return (
            self._get_b2b_sellable_domain()
            & Domain("id", "not in", self._get_b2b_technical_product_ids())
            & Domain("company_id", "in", [False, *company.parent_ids.ids])
        )

    @api.model
    @tools.ormcache()
    def _get_b2b_sellable_domain(self):
        """Return what the shop asks of a product, whoever sells and buys: it is for sale, and
        leaves nothing to choose.

        Made ready once, which takes longer than all else about it. It names stored fields and
        constants alone, so it means the same in each transaction.

        :rtype: Domain
        """
        domain = (
            Domain("sale_ok", "=", True)
            & Domain("active", "=", True)
            & Domain("type", "!=", "combo")
            & Domain("service_tracking", "not in", CONFIGURED_SERVICES)
            & Domain("attribute_line_ids", "not any", self._get_b2b_choice_domain())
            & Domain(
                "product_template_attribute_value_ids",
                "not any",
                Domain("product_attribute_value_id.is_custom", "=", True),
            )
        )
        # sudo: what is sold does not depend on who asks
        return domain.optimize_full(self.sudo())

    def _filter_b2b_sold(self, company):
        """Return those of these products that the B2B shop sells.

        Asked of the database: in Python each product is tested for itself.

        :param res.company company: the seller
        :rtype: product.product
        """
        return self.search(self._get_b2b_shop_domain(company) & Domain("id", "in", self.ids))

    def _filter_b2b_sold_elsewhere(self, company):
        """Return those of these products that only other companies of ours can sell.

        :param res.company company: the seller, who cannot
        :rtype: product.product
        """
        others = Domain("company_id", "not in", [False, *company.parent_ids.ids])
        return self.search(self._get_b2b_sellable_domain() & others & Domain("id", "in", self.ids))

    @api.model
    def _get_b2b_choice_domain(self):
        """Return the attribute lines that are a choice of the customer and make no variants.

        A single value without a price of its own is a description, and no choice.

        :rtype: Domain
        """
        return Domain("attribute_id.create_variant", "=", "no_variant") & (
            Domain("value_count", ">", 1)
            | Domain("attribute_id.display_type", "=", "multi")
            | Domain(
                "product_template_value_ids",
                "any",
                Domain("ptav_active", "=", True)
                & (
                    Domain("price_extra", "!=", 0)
                    | Domain("product_attribute_value_id.is_custom", "=", True)
                ),
            )
        )

    @api.model
    @tools.ormcache()
    def _get_b2b_technical_product_ids(self):
        """Return the ids of the products that Odoo's own wizards put on orders.

        Each page of the shop asks. `res.company` and `ir.model.data` clear the cache.

        :rtype: tuple[int]
        """
        # sudo: they are left out whoever asks, and whichever company uses them
        companies = self.env["res.company"].sudo()
        # active_test: an archived company's product is none to sell either
        companies = companies.with_context(active_test=False).search(
            [("sale_discount_product_id", "!=", False)]
        )
        deposit = self.env.ref("sale.advance_product_0", raise_if_not_found=False)
        return (*companies.sale_discount_product_id.ids, *(deposit.ids if deposit else ()))

    def _fetch_b2b_shown(self):
        """Read what the shop shows of these products, by name (decision 85)."""
        self.product_tmpl_id.fetch(self._get_b2b_shown_fields())

    @api.model
    def _get_b2b_shown_fields(self):
        """Hook: return the fields of product templates that the shop reads of all it shows.

        A name that is forgotten costs a query, never a wrong page.

        :rtype: list[str]
        """
        return [
            *("name", "type", "categ_id", "uom_id", "company_id"),
            *("list_price", "b2b_discount", "b2b_minimum_qty", "b2b_multiple_qty"),
        ]

    def _get_b2b_pictured(self):
        """Return the ids of those of these products that have a picture, in one query.

        :rtype: set
        """
        # By SQL: no buyer may read attachments by this condition, and building it takes Odoo longer
        # than the answer. Attachments are stored when they are made: there is nothing to flush.
        rows = self.env.execute_query(
            SQL(
                "SELECT res_model, res_id FROM ir_attachment WHERE res_field IN %s"
                " AND (res_model = 'product.product' AND res_id = ANY(%s)"
                " OR res_model = 'product.template' AND res_id = ANY(%s))",
                PICTURE_FIELDS,
                list(self.ids),
                list(self.product_tmpl_id.ids),
            )
        )
        pictured = set(rows)
        return {
            product.id
            for product in self
            if ("product.product", product.id) in pictured
            or ("product.template", product.product_tmpl_id.id) in pictured
        }

    def _get_b2b_availability(self, company):
        """Hook: tell what buyers may know about the stock of these products.

        :param res.company company: the seller
        :return: `{product id: {"state": "available" | "limited" | "out", "text": str}}`; products
            without an entry show nothing
        :rtype: dict
        """
        return {}
