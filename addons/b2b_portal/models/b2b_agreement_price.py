from odoo import models


class B2bAgreement(models.Model):
    """Prices: what the customer of an agreement pays, from one engine."""

    _inherit = "b2b.agreement"

    def _get_pricelist(self):
        """Return the pricelist of the customer under this agreement.

        :return: `product.pricelist` record in sudo mode, empty for plain sales prices
        """
        self.ensure_one()
        # The customer's usual pricelist is not readable for every caller.
        partner = self.sudo().with_company(self.company_id).partner_id
        return self.sudo().pricelist_id or partner.property_product_pricelist

    def _get_price_currency(self):
        """Return the currency of the prices: the company's where there is no pricelist.

        :return: `res.currency` record in sudo mode
        """
        agreement = self.sudo()  # as in `_get_pricelist`
        return agreement._get_pricelist().currency_id or agreement.company_id.currency_id

    def _get_pricer(self, shipping_partner=None, date=False):
        """Return what prices lines for the customer of this agreement.

        :param res.partner shipping_partner: the delivery address, which may decide on the fiscal
            position; the customer by default
        :param date: date or datetime of the prices, now by default
        :rtype: Pricer
        """
        self.ensure_one()
        # sudo: sellers and buyers may price what they cannot read; the agreement rules
        return self._get_pricelist()._get_pricer(
            self.sudo().company_id,
            fiscal_position=self._get_fiscal_position(shipping_partner),
            partner=self.sudo().partner_id,
            date=date,
        )

    def _get_fiscal_position(self, shipping_partner=None):
        """Return the fiscal position that orders of the customer get.

        :param shipping_partner: `res.partner` record of the delivery address
        :return: `account.fiscal.position` record in sudo mode
        """
        self.ensure_one()
        # Fiscal positions are settings of the company; the customer sees their effect.
        agreement = self.sudo().with_company(self.company_id)
        partner = agreement.partner_id
        delivery = (shipping_partner or partner).sudo().with_env(agreement.env)
        return agreement.env["account.fiscal.position"]._get_fiscal_position(partner, delivery)

    # === PRICE LIST OF THE CUSTOMER === #

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
            Product._get_b2b_shop_domain(self.sudo().company_id),
            order="default_code, name, id",
            offset=offset,
            limit=limit,
        )

    def _count_products(self):
        """Return how many products the customer's price list has.

        :rtype: int
        """
        self.ensure_one()
        # As in `_get_products`.
        Product = self.sudo().env["product.product"]
        return Product.search_count(Product._get_b2b_shop_domain(self.sudo().company_id))

    def _get_pricelist_rows(self, products):
        """Return the price list of the customer.

        :param products: `product.product` records
        :return: dicts with `product`, `sku`, `name`, `uom`, `currency` and `steps` (see
            `Pricer.breaks`), one per product
        :rtype: list
        """
        self.ensure_one()
        steps = self._get_pricer().breaks(products)
        currency = self._get_price_currency()
        return [
            {
                "product": product,
                "sku": product.default_code or product.barcode or "",
                "name": product.with_context(display_default_code=False).display_name,
                "uom": product.uom_id,
                "currency": currency,
                "steps": steps[product.id],
            }
            for product in products
        ]

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
