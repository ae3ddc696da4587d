from odoo import api, fields, models

# Fields that say who has which pricelist.
PRICELIST_FIELDS = frozenset(
    {"company_id", "date_end", "date_start", "partner_id", "pricelist_id", "state"}
)


class B2bAgreement(models.Model):
    """Prices: what the customer of an agreement pays, from one engine."""

    _inherit = "b2b.agreement"

    pricelist_id = fields.Many2one(
        domain="[('is_b2b', '=', True), '|', ('company_id', '=', False),"
        " ('company_id', 'parent_of', company_id)]"
    )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `b2b_agreement` to let who has which pricelist be found out anew."""
        agreements = super().create(vals_list)
        self._forget_pricelists()
        return agreements

    def write(self, vals):
        """Override of `b2b_agreement` to let who has which pricelist be found out anew."""
        res = super().write(vals)
        if PRICELIST_FIELDS & vals.keys():
            self._forget_pricelists()
        return res

    @api.model
    def _forget_pricelists(self):
        """Let everything that depends on who has which pricelist be found out anew."""
        # Record rules and the shop's lists are cached by pricelist.
        self.env.registry.clear_cache()
        # Not by `depends` on that field: uninstalling would then take along what Odoo knows of
        # the field that users inherit from it.
        for name in ("res.partner", "res.users"):
            self.env[name].invalidate_model(["property_product_pricelist"])

    # === PRICES === #

    def _get_pricelist(self):
        """Return the pricelist of the customer under this agreement.

        :return: `product.pricelist` record in sudo mode, empty for plain sales prices
        """
        self.ensure_one()
        # The customer's usual pricelist is not readable for every caller.
        partner = self.sudo().with_company(self._get_selling_company()).partner_id
        return self.sudo().pricelist_id or partner.property_product_pricelist

    def _get_price_currency(self):
        """Return the currency of the prices: the company's where there is no pricelist.

        :return: `res.currency` record in sudo mode
        """
        company = self._get_selling_company()
        return self._get_pricelist().currency_id or company.currency_id

    def _get_minimum_order(self):
        """Return the minimum order amount in the currency of the prices, at the day's rate.

        An agreement without a pricelist states it in the currency of the company, and the
        customer's usual list may be in another one.

        :rtype: float
        """
        self.ensure_one()
        company = self._get_selling_company()
        return self.currency_id._convert(
            self.minimum_order_amount,
            self._get_price_currency(),
            company,
            self._get_today(company),
        )

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
            self._get_selling_company(),
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
        agreement = self.sudo().with_company(self._get_selling_company())
        partner = agreement.partner_id
        delivery = (shipping_partner or partner).sudo().with_env(agreement.env)
        # By name: all that a company keeps of a contact is much, and of no use here. Odoo compares
        # the countries of the VAT numbers of seller and buyer.
        (partner | delivery | agreement.env.company.partner_id).fetch(
            ["property_account_position_id", "country_id", "vat"]
        )
        return agreement.env["account.fiscal.position"]._get_fiscal_position(partner, delivery)
