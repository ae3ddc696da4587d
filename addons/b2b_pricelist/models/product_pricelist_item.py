from odoo import api, fields, models
from odoo.exceptions import UserError

from ..formatting import format_quantity
from ..rule_book import BOOK_KEY, NO_BOOK, RuleBook

# The key to the technical rule. An object and no flag, so that no RPC call can bring it along.
TECHNICAL = object()


class ProductPricelistItem(models.Model):
    """Rule of a pricelist.

    Each B2B pricelist owns one technical rule (`is_b2b_discount`), a percentage off the sales
    price whose percentage is not stored on the rule but is the `b2b_discount` of the product that
    is being priced. So whoever holds a rule (shop page, order line, report) gets the product's
    B2B price from the very methods that give every other price.
    """

    _inherit = "product.pricelist.item"

    is_b2b_discount = fields.Boolean(
        string="B2B discount of the product",
        readonly=True,
        help="Technical rule: applies the B2B discount that is set on the product.",
    )

    _b2b_discount_uniq = models.UniqueIndex(
        "(pricelist_id) WHERE is_b2b_discount IS TRUE",
        "A B2B pricelist has one technical rule for the discounts of products.",
    )

    # === COMPUTE METHODS === #

    @api.depends("is_b2b_discount")
    def _compute_name(self):
        """Override of `product` to name the technical rule for what it does."""
        result = super()._compute_name()
        self.filtered("is_b2b_discount").name = self.env._("B2B discount of the product")
        return result

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `product`: only a B2B pricelist makes itself a technical rule.

        :raise UserError: when someone else makes one, on whichever pricelist
        """
        default = self.default_get(["is_b2b_discount"])
        self._check_b2b_discount_rule(
            any({**default, **vals}.get("is_b2b_discount") for vals in vals_list)
        )
        return super().create(vals_list)

    def write(self, vals):
        """Override of `product` to protect the technical rule.

        :raise UserError: when someone edits the technical rule of a B2B pricelist, or makes one
        """
        self._check_b2b_discount_rule(vals.get("is_b2b_discount"))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_b2b_discount(self):
        self._check_b2b_discount_rule()

    def _check_b2b_discount_rule(self, wanted=False):
        """Refuse changes of the technical rule that do not come from its pricelist.

        :param bool wanted: whether records are about to become technical rules
        :raise UserError: when they are, or a technical rule is among the records
        """
        if self.env.context.get("b2b_technical_rule") is TECHNICAL:
            return
        # Rules that are not readable for the user are refused by the access check of the caller.
        if wanted or any(item.is_b2b_discount for item in self.sudo()):
            raise UserError(
                self.env._(
                    "This rule applies the B2B discounts of the products. Change the discount on"
                    " the product, or unset B2B on the pricelist."
                )
            )

    # === BUSINESS METHODS === #

    def _is_applicable_for(self, product, qty_in_product_uom):
        """Override of `product`: the technical rule fits products that have a B2B discount."""
        if self.is_b2b_discount:
            return bool(self._get_b2b_discount(product))
        return super()._is_applicable_for(product, qty_in_product_uom)

    def _get_b2b_discount(self, product):
        """Return the B2B discount of a product.

        :param product: `product.product` or `product.template` record
        :return: percentage off the sales price, 0 when there is none
        :rtype: float
        """
        # The field is closed to customers; the price that follows from it is theirs.
        return product.sudo().b2b_discount

    def _compute_price(self, product, quantity, uom, date, currency=None, **kwargs):
        """Override of `product` to take the percentage of the technical rule from the product.

        :return: price per `uom`, in `currency`
        :rtype: float
        """
        if not self.is_b2b_discount:
            return super()._compute_price(product, quantity, uom, date, currency, **kwargs)
        currency = currency or self.currency_id or self.env.company.currency_id
        base_price = self._compute_base_price(product, quantity, uom, date, currency, **kwargs)
        return (base_price - base_price * self._get_b2b_discount(product) / 100) or 0.0

    def _compute_base_price(self, product, quantity, uom, date, currency, **kwargs):
        """Override of `product` to ignore product discounts on the list beneath a rule.

        A rule that builds on another pricelist must not stack its own discount on the product's
        B2B discount, and customers cannot read the other list themselves.

        :return: base price per `uom`, in `currency`
        :rtype: float
        """
        return super(ProductPricelistItem, self._with_list_beneath())._compute_base_price(
            product, quantity, uom, date, currency, **kwargs
        )

    def _compute_price_before_discount(self, *args, **kwargs):
        """Override of `product` to ignore product discounts on the list beneath as well."""
        rule = self._with_list_beneath()
        return super(ProductPricelistItem, rule)._compute_price_before_discount(*args, **kwargs)

    def _with_list_beneath(self):
        """Return the rule as one whose pricelist beneath gives prices, see `RuleBook.beneath`."""
        if self.base != "pricelist":
            return self
        # The customer may not read the list beneath, but gets the price it leads to.
        rule = self.sudo()
        if RuleBook.of_rules_above(self.env):
            return rule
        return rule.with_context(**{BOOK_KEY: NO_BOOK})

    def _get_b2b_price_source(self):
        """Return what gave a price.

        :return: `rule`, `product_discount`, or `list_price` for no rule
        :rtype: str
        """
        if not self:
            return "list_price"
        return "product_discount" if self.is_b2b_discount else "rule"

    def _describe_b2b_price_source(self):
        """Say in the reader's words what gave a price, without naming other pricelists.

        :rtype: str
        """
        if not self:
            return self.env._("Sales price, no agreed discount")
        if self.is_b2b_discount:
            return self.env._("B2B discount of the product")
        scope = dict(self._fields["applied_on"]._description_selection(self.env))[self.applied_on]
        if self.min_quantity > 1:
            return self.env._(
                "Pricelist rule for %(scope)s from quantity %(quantity)s",
                scope=scope,
                quantity=format_quantity(self.env, self.min_quantity),
            )
        return self.env._("Pricelist rule for %(scope)s", scope=scope)
