from odoo import models


class B2bAgreement(models.Model):
    """The price list of the customer: what the B2B shop sells, at the agreed prices."""

    _inherit = "b2b.agreement"

    def _get_products(self, offset=0, limit=None):
        """Return the products of the B2B shop, in the order of the customer's price list.

        :param int offset: how many to leave out
        :param int limit: how many to return at most
        :return: `product.product` records in sudo mode
        """
        self.ensure_one()
        # Customers may not read products; the shop's assortment is what they may buy.
        Product = self.sudo().env["product.product"].with_context(lang=self.env.lang)
        return Product.search(
            Product._get_b2b_shop_domain(self._get_selling_company()),
            order="default_code, name, id",
            offset=offset,
            limit=limit,
        )

    def _count_products(self, offset=0):
        """Return how many products the customer's price list has, counted as in the shop.

        :param int offset: where the page begins, see `_count_b2b_products`
        :rtype: int
        """
        self.ensure_one()
        # As in `_get_products`.
        Product = self.sudo().env["product.product"]
        domain = Product._get_b2b_shop_domain(self._get_selling_company())
        return Product._count_b2b_products(domain, offset)

    def _get_pricelist_rows(self, products):
        """Return the price list of the customer.

        :param products: `product.product` records
        :return: dicts with `product`, `sku`, `own_code`, `name`, `uom`, `currency` and `steps` (see
            `_get_b2b_price_steps`), one per product
        :rtype: list
        """
        self.ensure_one()
        steps = products._get_b2b_price_steps(self._get_pricer())
        currency = self._get_price_currency()
        own_codes = products._get_b2b_customer_codes(self.partner_id)
        return [
            {
                "product": product,
                "sku": product.default_code or product.barcode or "",
                "own_code": own_codes.get(product.id, ""),
                "name": product.with_context(display_default_code=False).display_name,
                "uom": product.uom_id,
                "currency": currency,
                "steps": steps[product.id],
            }
            for product in products
        ]

    def _get_pricelist_table(self):
        """Return the price list as a table, one row per product and quantity step.

        The customer's own codes are the last column, when there is one.

        :return: header and rows
        :rtype: list[list]
        """
        rows = self._get_pricelist_rows(self._get_products())
        with_own = any(row["own_code"] for row in rows)
        table = [self._get_pricelist_header()]
        table += [
            [row["sku"], row["name"], step.quantity, step.net, row["currency"].name]
            for row in rows
            for step in row["steps"]
        ]
        if with_own:
            codes = [row["own_code"] for row in rows for _step in row["steps"]]
            for line, code in zip(table, [self.env._("Your part number"), *codes], strict=True):
                line.append(code)
        return table

    def _get_pricelist_header(self):
        """Return the column names of the price list downloads.

        :rtype: list
        """
        return [
            self.env._("SKU"),
            self.env._("Name"),
            self.env._("Minimum quantity"),
            self.env._("Price (untaxed)"),
            self.env._("Currency"),
        ]
