from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..pricing import PriceLine, Pricer
from ..rule_book import RuleBook
from .product_pricelist_item import TECHNICAL


class ProductPricelist(models.Model):
    """Pricelist, which may be a B2B one.

    A B2B pricelist (`is_b2b`) is secret: only the customer whose agreement in force names it reads
    it, and it is nobody's default. On it, products with a `b2b_discount` may cost less than its
    rules say, as `res.company.b2b_price_policy` decides.

    How prices are made stands in `pricing.py` and `rule_book.py`. Our own pages ask `_get_pricer`;
    what Odoo asks, `_compute_price_rule`, reads the same rules: so every page, order line and
    report says the same price.
    """

    _inherit = "product.pricelist"

    is_b2b = fields.Boolean(
        string="B2B",
        tracking=True,
        help="Applies the B2B discounts of products, is never a default, and is hidden from every"
        " customer but those whose agreement names it.",
    )
    b2b_agreement_ids = fields.One2many(
        comodel_name="b2b.agreement",
        inverse_name="pricelist_id",
        string="Agreements",
        groups="sales_team.group_sale_salesman",
    )

    # === DEFAULT METHODS === #

    def _domain_item_ids(self):
        """Override of `product` to keep the technical rule out of sight and out of copies."""
        return [*super()._domain_item_ids(), ("is_b2b_discount", "=", False)]

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `product` to give B2B pricelists their technical rule."""
        pricelists = super().create(vals_list)
        pricelists._sync_b2b_discount_rule()
        return pricelists

    def write(self, vals):
        """Override of `product` to keep the technical rule in step with `is_b2b`.

        :raise UserError: when a pricelist of a sent or signed agreement is archived, opened to
            everyone, or gets another currency
        """
        # Whoever may not write hears that first; the refusals below name customers.
        self.check_access("write")
        if not vals.get("active", True):
            self._check_not_in_b2b_agreement()
        if "currency_id" in vals and not self.env.su:
            # The minimum order amount of an agreement is in this currency, as its text says.
            self.filtered(
                lambda pricelist: pricelist.currency_id.id != vals["currency_id"]
            )._check_not_in_b2b_agreement()
        if not vals.get("is_b2b", True):
            self.filtered("is_b2b")._check_not_in_b2b_agreement()
        res = super().write(vals)
        if "is_b2b" in vals:
            self._sync_b2b_discount_rule()
            # Cached access rules and the shop's cached list of pricelists name it.
            self.env.registry.clear_cache()
        return res

    def _check_not_in_b2b_agreement(self):
        """Refuse to take away the prices of customers who have signed for them, or may sign.

        :raise UserError: naming the customers whose agreements the user sees
        """
        # sudo: the agreements that block this may belong to a company the user does not see
        agreements = (
            self.env["b2b.agreement"]
            .sudo()
            .search([("pricelist_id", "in", self.ids), ("state", "in", ("sent", "signed"))])
            .filtered(lambda agreement: not agreement._is_over())
        )
        if not agreements:
            return
        # sudo: back to the user's own rights to find what he may be told, then to read its name
        seen = agreements.sudo(self.env.su)._filtered_access("read").sudo()
        if not seen:
            raise UserError(self.env._("An agreement that you do not see uses the pricelist."))
        raise UserError(
            self.env._(
                "Agreements with these customers use the pricelist: %(customers)s",
                customers=", ".join(seen.partner_id.mapped("display_name")),
            )
        )

    def _sync_b2b_discount_rule(self):
        """Create the technical rule of B2B pricelists, and drop it from the others."""
        # The rule follows the pricelist, whoever may edit that; users never touch it themselves.
        Item = self.env["product.pricelist.item"].sudo().with_context(b2b_technical_rule=TECHNICAL)
        rules = Item.search([("pricelist_id", "in", self.ids), ("is_b2b_discount", "=", True)])
        b2b_lists = self.filtered("is_b2b")
        missing = b2b_lists - rules.pricelist_id
        rules.filtered(lambda rule: rule.pricelist_id not in b2b_lists).unlink()
        Item.create(
            [
                {
                    "pricelist_id": pricelist.id,
                    "is_b2b_discount": True,
                    "applied_on": "3_global",
                    "compute_price": "percentage",
                }
                for pricelist in missing
            ]
        )

    # === PRICES === #

    def _compute_price_rule(
        self,
        products,
        quantity,
        *,
        currency=None,
        uom=None,
        date=False,
        compute_price=True,
        **kwargs,
    ):
        """Override of `product` to price B2B pricelists by policy, and without testing every rule.

        :return: `{product id: (price, rule id)}`, as in `product`
        :rtype: dict
        :raise AccessError: for a customer who may not read the pricelist
        """
        book = self._get_rule_book(products, date, kwargs)
        if not book:
            return super()._compute_price_rule(
                products,
                quantity,
                currency=currency,
                uom=uom,
                date=date,
                compute_price=compute_price,
                **kwargs,
            )
        currency = currency or self.currency_id or self.env.company.currency_id
        line = PriceLine(products, quantity, uom)
        results = {}
        # sudo: customers may not read the category of a product, which rules go by
        for product in products.sudo():
            one = line.for_engine(product)
            if compute_price:
                price, rule = book.get_price(one, currency)
            else:
                price, rule = 0.0, book.choose(one, currency)[0]
            results[product.id] = price, rule.id
        return results

    def _get_rule_book(self, products, date, options):
        """Return the rules that price products, or None where core does it.

        :param products: `product.product` or `product.template` records
        :param date: date or datetime of the prices, now by default
        :param dict options: other arguments of `_compute_price_rule`
        :rtype: RuleBook
        :raise AccessError: for a customer who may not read the pricelist
        """
        above = RuleBook.of_rules_above(self.env)
        # sudo: who asks does not matter, prices are the same for everyone
        is_b2b = self.sudo().is_b2b
        if not products or not (is_b2b or (above and above.knows(products))):
            return None
        self._check_price_access()
        book = RuleBook.open(self, date, options)
        book.learn(products)
        return book

    def _get_pricer(self, company, **kwargs):
        """Return what prices lines on this list as an order would.

        The one source of prices for shop pages, carts, templates, quick orders and downloads.

        :param res.company company: that sells
        :param dict kwargs: the other arguments of `Pricer`
        :rtype: Pricer
        :raise AccessError: for a customer who may not read the pricelist
        """
        return Pricer(self, company, **kwargs)

    def _check_price_access(self):
        """Stop a customer who names another's list in a request: the product configurator, an
        onchange, a report.

        :raise AccessError: when the customer may not read the list
        """
        if self.env.user.share and not self.env.su:
            self.check_access("read")

    # === PRICELIST OF A CUSTOMER === #

    @api.model
    def _get_partner_pricelist_multi(self, partner_ids):
        """Override of `product`: the list of the agreement in force beats every other.

        :param list partner_ids: ids of `res.partner`
        :return: `{partner id: pricelist}`
        :rtype: dict
        """
        result = super()._get_partner_pricelist_multi(partner_ids)
        agreements = self.env["res.partner"].browse(partner_ids)._find_b2b_agreements()
        for partner_id, agreement in agreements.items():
            # Sellers may price for a customer whose list they are not allowed to edit.
            if agreement.pricelist_id:
                result[partner_id] = agreement.pricelist_id.with_env(self.env)
        return result

    def _get_partner_pricelist_multi_search_domain_hook(self, company_id):
        """Override of `product`: a B2B pricelist is nobody's default.

        :rtype: list
        """
        domain = super()._get_partner_pricelist_multi_search_domain_hook(company_id)
        return [*domain, ("is_b2b", "=", False)]

    def _get_partner_pricelist_multi_filter_hook(self):
        """Override of `product`: a B2B pricelist set on a customer gives no prices by itself.

        Only an agreement in force does, so that what the agreement has closed stays closed.

        :return: the pricelist, or an empty recordset
        """
        # The customer may not read the list, not even to be told that it is none of theirs.
        allowed = self.sudo().filtered(lambda pricelist: not pricelist.is_b2b).with_env(self.env)
        return super(ProductPricelist, allowed)._get_partner_pricelist_multi_filter_hook()

    def _get_country_pricelist_multi(self, country_ids):
        """Override of `product`: nor is it one by a system parameter.

        :rtype: dict
        """
        result = super()._get_country_pricelist_multi(country_ids)
        # sudo: a visitor may not read what is passed over here
        if not any(pricelist.sudo().is_b2b for pricelist in result.values()):
            return result
        default = self.search(
            self._get_partner_pricelist_multi_search_domain_hook(self.env.company.id), limit=1
        )
        return {
            # sudo: as above
            country_id: default if pricelist.sudo().is_b2b else pricelist
            for country_id, pricelist in result.items()
        }

    # === CONSTRAINT METHODS === #

    @api.constrains("is_b2b", "country_group_ids")
    def _check_b2b_country_groups(self):
        """A B2B pricelist must not be offered by country.

        :raise ValidationError: when a B2B pricelist has country groups
        """
        if any(pricelist.is_b2b and pricelist.country_group_ids for pricelist in self):
            raise ValidationError(
                self.env._("A B2B pricelist is given by an agreement, not by country groups.")
            )
