from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import float_compare, float_round, formatLang

from .product_pricelist_item import TECHNICAL

NBSP = "\N{NO-BREAK SPACE}"


class ProductPricelist(models.Model):
    """Pricelist, which may be a B2B one.

    A B2B pricelist (`is_b2b`) is secret: only the customer whose agreement in force names it reads
    it, and it is nobody's default. On it, products with a `b2b_discount` may cost less than its
    rules say, as `res.company.b2b_price_policy` decides.

    All B2B prices come from `_compute_b2b_price_rules`, which prices many (product, quantity,
    unit) at once; `_compute_price_rule`, hence every page, order line and report of Odoo, leads
    there too.
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
        groups="base.group_user",
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

        :raises UserError: when a pricelist of a signed agreement is archived, or opened to
            everyone
        """
        if not vals.get("active", True):
            self._check_not_in_b2b_agreement()
        if not vals.get("is_b2b", True):
            self.filtered("is_b2b")._check_not_in_b2b_agreement()
        res = super().write(vals)
        if "is_b2b" in vals:
            self._sync_b2b_discount_rule()
            # Cached access rules and the shop's cached list of pricelists name it.
            self.env.registry.clear_cache()
        return res

    def _check_not_in_b2b_agreement(self):
        """Refuse to take away the prices of customers who have signed for them.

        :raises UserError: naming the customers
        """
        # The agreements that block this may belong to a company the user does not see.
        agreements = (
            self.env["b2b.agreement"]
            .sudo()
            .search([("pricelist_id", "in", self.ids), ("state", "=", "signed")])
            .filtered(lambda agreement: not agreement._is_over())
        )
        if agreements:
            raise UserError(
                self.env._(
                    "Signed agreements of these customers use the pricelist: %(customers)s",
                    customers=", ".join(agreements.partner_id.mapped("display_name")),
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
        """
        if self:
            self.ensure_one()
        # Access to the flag is not a question of who asks: prices are the same for everyone.
        if not self.sudo().is_b2b:
            return super()._compute_price_rule(
                products,
                quantity,
                currency=currency,
                uom=uom,
                date=date,
                compute_price=compute_price,
                **kwargs,
            )
        results = self._compute_b2b_price_rules(
            [(product, quantity, uom) for product in products],
            currency=currency,
            date=date,
            compute_price=compute_price,
            **kwargs,
        )
        return {product.id: result for product, result in zip(products, results, strict=True)}

    def _compute_b2b_price_rules(
        self, lines, *, currency=None, date=False, compute_price=True, index=None, **kwargs
    ):
        """Price many lines in a constant number of queries.

        Gives for each line what `_compute_price_rule` gives for it alone, on any pricelist.

        :param list lines: tuples (product, quantity in uom, uom); products are all
            `product.product` or all `product.template`; an empty uom is the product's own
        :param currency: `res.currency` of the prices, the pricelist's by default
        :param date: date or datetime of the prices, now by default
        :param bool compute_price: False returns 0.0 for prices
        :param index: what `_index_pricelist_rules` returned for these products and this date, when
            the caller has it
        :return: tuples (unit price per uom, not rounded; rule id or False), in the order of lines
        :rtype: list
        """
        if self:
            self.ensure_one()
        if self.env.user.share and not self.env.su:
            # Below, everything is read in sudo: a customer who names another's list in a request
            # (Odoo's product configurator, an onchange) must be stopped here.
            self.check_access("read")
        if not lines:
            return []
        currency = currency or self.currency_id or self.env.company.currency_id
        date = date or fields.Datetime.now()
        if not index:
            products = lines[0][0].browse({product.id for product, _quantity, _uom in lines})
            # Rules of pricelists underneath are closed to the customer who gets the price.
            index = self._index_pricelist_rules(
                self.sudo()._get_applicable_rules(products, date, **kwargs)
            )
        no_rule = self.env["product.pricelist.item"].sudo()  # sudo: empty, in the mode of the rules
        technical_rule, candidates = index
        product_first = self._is_b2b_product_discount_first()
        skip_discount = self.env.context.get("b2b_no_product_discount")

        results = []
        for product, quantity, uom in lines:
            # Customers may not read the internal category of a product, which rules go by.
            product = product.sudo()
            uom = uom or product.uom_id
            qty = self._get_quantity_in_product_uom(product, quantity, uom)
            rule = next(
                (item for item in candidates(product) if item._is_applicable_for(product, qty)),
                no_rule,
            )

            def price_of(item, product=product, quantity=quantity, uom=uom):
                return item._compute_price(
                    product, quantity, uom, date=date, currency=currency, **kwargs
                )

            price = None
            if (
                technical_rule
                and not skip_discount
                and technical_rule._is_applicable_for(product, qty)
            ):
                if product_first or not rule:
                    rule = technical_rule
                else:
                    price, discount_price = price_of(rule), price_of(technical_rule)
                    if discount_price < price:
                        rule, price = technical_rule, discount_price
            if not compute_price:
                price = 0.0
            elif price is None:
                price = price_of(rule)
            results.append((price, rule.id))
        return results

    def _is_b2b_product_discount_first(self):
        """Return whether the product's discount wins even where a rule is lower.

        :rtype: bool
        """
        # Customers cannot read the settings of a company.
        company = self.sudo().company_id or self.env.company.sudo()
        return company.b2b_price_policy == "product_first"

    @api.model
    def _get_quantity_in_product_uom(self, product, quantity, uom):
        """Convert a quantity for the rules, which count in the product's unit.

        :rtype: float
        """
        if not uom or uom == product.uom_id:
            return quantity
        return uom._compute_quantity(quantity, product.uom_id, raise_if_failure=False)

    @api.model
    def _index_pricelist_rules(self, rules):
        """Sort rules by what they apply to, so that a product meets only those that may fit it.

        Odoo tests every rule on every product, which is quadratic on lists with a rule for each
        product.

        :param rules: `product.pricelist.item` records in the order in which they take precedence
        :return: the technical rule of the pricelist, and a function that takes a product and
            returns the list of its candidate rules, in order of precedence
        :rtype: tuple
        """
        technical_rule = rules.browse()
        buckets = defaultdict(list)
        for position, rule in enumerate(rules):
            if rule.is_b2b_discount:
                technical_rule = rule
            elif rule.applied_on == "0_product_variant":
                buckets["variant", rule.product_id.id].append((position, rule))
            elif rule.applied_on == "1_product":
                buckets["template", rule.product_tmpl_id.id].append((position, rule))
            elif rule.applied_on == "2_product_category":
                buckets["category", rule.categ_id.id].append((position, rule))
            else:
                buckets["global", None].append((position, rule))
        cache = {}

        def candidates(product):
            if product not in cache:
                found = [
                    entry for key in self._get_rule_keys(product) for entry in buckets.get(key, ())
                ]
                found.sort(key=lambda entry: entry[0])
                cache[product] = [rule for _position, rule in found]
            return cache[product]

        return technical_rule, candidates

    @api.model
    def _get_rule_keys(self, product):
        """Return the keys of the index under which rules for a product stand.

        :param product: `product.product` or `product.template` record
        :rtype: list
        """
        if product._name == "product.template":
            variants = product.product_variant_id if product.product_variant_count == 1 else []
            keys = [("template", product.id), *(("variant", variant.id) for variant in variants)]
        else:
            keys = [("variant", product.id), ("template", product.product_tmpl_id.id)]
        path = product.categ_id.parent_path or ""
        keys += [("category", int(categ_id)) for categ_id in path.split("/") if categ_id]
        keys.append(("global", None))
        return keys

    def _get_break_quantities(self, products, date=False):
        """Return the quantities from which on another rule may apply.

        :param products: `product.product` records
        :param date: date or datetime, now by default
        :return: `{product id: set of quantities in the product's unit}`, and the index of the
            rules, see `_index_pricelist_rules`
        :rtype: tuple[dict, tuple]
        """
        if self:
            self.ensure_one()
        date = date or fields.Datetime.now()
        # As in `_compute_b2b_price_rules`: the quantities are part of the customer's prices.
        rules = self.sudo()._get_applicable_rules(products, date)
        index = _technical_rule, candidates = self._index_pricelist_rules(rules)
        result = {
            product.id: {
                rule.min_quantity for rule in candidates(product.sudo()) if rule.min_quantity > 0
            }
            for product in products
        }
        # Pricelists underneath cannot form a circle (checked by `product`).
        for base_pricelist in rules.base_pricelist_id:
            underneath, _index = base_pricelist._get_break_quantities(products, date)
            for product_id, quantities in underneath.items():
                result[product_id] |= quantities
        return result, index

    # === PRICES FOR PEOPLE === #

    def _get_b2b_price_details(
        self,
        lines,
        *,
        company,
        fiscal_position=None,
        partner=None,
        date=False,
        breaks=True,
        amounts=True,
        totals=True,
        index=None,
    ):
        """Price lines as an order of this pricelist would, with all that a page wants to show.

        The one source of prices for shop pages, carts, templates, quick orders and downloads. It
        takes the steps of `sale.order.line` (rule, price, discount column, taxes) for all lines at
        once, so both give the same amounts to the cent. The number of queries does not depend on
        the number of lines.

        :param list lines: tuples (`product.product` record, quantity in uom, uom or empty for the
            product's own unit)
        :param company: `res.company` record that sells
        :param fiscal_position: `account.fiscal.position` record of the order
        :param partner: `res.partner` record of the customer
        :param date: date or datetime of the prices, now by default
        :param bool breaks: False leaves `next_break` empty and saves its computation
        :param bool amounts: False gives only what an order line stores, for orders with
            thousands of lines: `price_unit` and `discount`, and `taxes`
        :param bool totals: False leaves `subtotal`, `total`, `gross` and `tax` empty and saves
            their computation
        :param index: see `_compute_b2b_price_rules`
        :return: for each line, in the order given, a dict with

            * `product`, `quantity`, `uom`: the line
            * `currency`: `res.currency` record of all amounts
            * `net`, `gross`, `tax`: per uom, after discount: untaxed price, taxed price, their
              difference (rounded to the price decimals)
            * `list_net`: untaxed sales price per uom, without pricelist
            * `percentage`: how much lower `net` is than `list_net`, 0.0 when it is not
            * `subtotal`, `total`: amounts of the line, untaxed and taxed, as on the order
            * `taxes`: `account.tax` records, after the fiscal position
            * `price_unit`, `discount`: what the order line stores (`technical_price_unit` equals
              `price_unit`)
            * `rule`: `product.pricelist.item` record in sudo mode, empty for the sales price
            * `source`: `rule`, `product_discount` or `list_price`
            * `next_break`: the next cheaper step, as in `_get_quantity_breaks`, or None
        :rtype: list
        """
        # Customers may not read products, taxes and rules; the prices are theirs.
        pricelist = self.sudo().with_company(company)
        pricing = {
            "company": pricelist.env.company,
            "currency": pricelist.currency_id or pricelist.env.company.currency_id,
            "date": date or fields.Datetime.now(),
            # sudo: as above, for what the caller hands over
            "fiscal_position": (
                (fiscal_position or self.env["account.fiscal.position"])
                .sudo()
                .with_company(company)
            ),
            "partner": (partner or self.env["res.partner"]).sudo(),
            "digits": self._get_price_digits(pricelist.currency_id or company.sudo().currency_id),
            "discount_digits": self.env["decimal.precision"].precision_get("Discount"),
            "taxes": {},
            "list_prices": {},
            "totals": totals,
        }
        env = pricelist.env
        products = env["product.product"].browse([product.id for product, *_line in lines])
        lines = [
            (product, quantity, uom.with_env(env) if uom else product.uom_id)
            for product, (_product, quantity, uom) in zip(products, lines, strict=True)
        ]
        results = pricelist._compute_b2b_price_rules(
            # As on order lines: without a quantity, the price of one.
            [(product, quantity or 1.0, uom) for product, quantity, uom in lines],
            currency=pricing["currency"],
            date=pricing["date"],
            index=index,
        )
        prepare = pricelist._prepare_price_details if amounts else pricelist._prepare_stored_price
        details = [
            prepare(line, price, rule_id, pricing)
            for line, (price, rule_id) in zip(lines, results, strict=True)
        ]
        if breaks and amounts:
            steps = pricelist._get_quantity_breaks(
                products, company=company, fiscal_position=fiscal_position, date=pricing["date"]
            )
            for values in details:
                values["next_break"] = pricelist._get_next_break(values, steps)
        return details

    def _prepare_stored_price(self, line, price, rule_id, pricing):
        """Return what an order line stores of a price (see `_get_b2b_price_details`).

        :rtype: dict
        """
        product = line[0]
        rule = self.env["product.pricelist.item"].browse(rule_id)
        display_price, discount = self._split_price_and_discount(rule, line, price, pricing)
        _original_taxes, taxes = self._get_price_taxes(product, pricing)
        price_unit = self._adapt_price_to_taxes(display_price, product, pricing)
        return {"price_unit": price_unit, "discount": discount, "taxes": taxes}

    def _prepare_price_details(self, line, price, rule_id, pricing):
        """Return the details of one line (see `_get_b2b_price_details`).

        :param tuple line: product, quantity, uom
        :param float price: price per uom that the pricelist gives
        :param int rule_id: id of the rule that gave it, or False
        :param dict pricing: what all lines share
        :rtype: dict
        """
        product, quantity, uom = line
        currency = pricing["currency"]
        rule = self.env["product.pricelist.item"].browse(rule_id)
        display_price, discount = self._split_price_and_discount(rule, line, price, pricing)
        price_unit = self._adapt_price_to_taxes(display_price, product, pricing)
        price_after = price_unit * (1 - discount / 100)
        _original_taxes, taxes = self._get_price_taxes(product, pricing)
        list_price, list_net = self._get_list_price(product, uom, pricing)
        gross = tax = subtotal = total = None
        if pricing["totals"]:
            net, gross = self._get_unit_amounts(price_after, taxes, product, uom, pricing)
            tax = float_round(gross - net, precision_digits=pricing["digits"])
            subtotal, total = self._get_line_amounts(line, price_unit, discount, taxes, pricing)
        else:
            net = self._get_unit_net(price_after, taxes, product, uom, pricing)
        # Of the exact prices: cents of a cheap article would show another percentage.
        saved = (1 - price_after / list_price) * 100 if list_price else 0.0
        return {
            "product": product,
            "quantity": quantity,
            "uom": uom,
            "currency": currency,
            "net": net,
            "gross": gross,
            "tax": tax,
            "list_net": list_net,
            "percentage": max(0.0, float_round(saved, precision_digits=2)),
            "subtotal": subtotal,
            "total": total,
            "taxes": taxes,
            "price_unit": price_unit,
            "discount": discount,
            "rule": rule,
            "source": rule._get_b2b_price_source(),
            "next_break": None,
        }

    def _get_list_price(self, product, uom, pricing):
        """Return the sales price per uom without pricelist, which no quantity changes.

        :return: as an order line has it, and untaxed
        :rtype: tuple[float, float]
        """
        cache, key = pricing["list_prices"], (product.id, uom.id)
        if key not in cache:
            list_price = self.env["product.pricelist.item"]._compute_price(
                product, 1.0, uom, date=pricing["date"], currency=pricing["currency"]
            )
            list_price = self._adapt_price_to_taxes(list_price, product, pricing)
            _original_taxes, taxes = self._get_price_taxes(product, pricing)
            list_net = self._get_unit_net(list_price, taxes, product, uom, pricing)
            cache[key] = list_price, list_net
        return cache[key]

    @api.model
    def _adapt_price_to_taxes(self, price, product, pricing):
        """Return a price as the order line has it after the fiscal position.

        :rtype: float
        """
        original_taxes, taxes = self._get_price_taxes(product, pricing)
        return product._get_tax_included_unit_price_from_price(
            price,
            product_taxes=original_taxes,
            fiscal_position=pricing["fiscal_position"],
            product_taxes_after_fp=taxes if pricing["fiscal_position"] else None,
        )

    def _split_price_and_discount(self, rule, line, price, pricing):
        """Split a price into what an order line shows as price and as discount.

        Same steps as `_get_display_price` and `_compute_discount` of `sale.order.line`.

        :return: price per uom before the discount, discount in percent
        :rtype: tuple
        """
        product, quantity, uom = line
        if not (self and rule._show_discount()):
            return price, 0.0
        base_price = rule._compute_price_before_discount(
            product, quantity or 1.0, uom, pricing["date"], pricing["currency"]
        )
        discount = 0.0
        if base_price:
            discount = (base_price - price) / base_price * 100
            if (discount > 0) != (base_price > 0):
                discount = 0.0
        return max(base_price, price), float_round(
            discount, precision_digits=pricing["discount_digits"]
        )

    def _get_price_taxes(self, product, pricing):
        """Return the taxes of a product before and after the fiscal position.

        :rtype: tuple
        """
        cache = pricing["taxes"]
        if product not in cache:
            taxes = product.taxes_id._filter_taxes_by_company(pricing["company"])
            if taxes not in cache:
                cache[taxes] = pricing["fiscal_position"].map_tax(taxes)
            cache[product] = taxes, cache[taxes]
        return cache[product]

    @api.model
    def _get_unit_amounts(self, price_unit, taxes, product, uom, pricing):
        """Return what one unit costs without and with taxes.

        :rtype: tuple
        """
        computed = taxes._get_tax_details(
            price_unit,
            1.0,
            precision_rounding=pricing["currency"].rounding,
            # The unit price is shown with more decimals than the currency where prices need it.
            rounding_method="round_globally",
            product=product,
            product_uom=uom,
        )
        return tuple(
            float_round(computed[key], precision_digits=pricing["digits"])
            for key in ("total_excluded", "total_included")
        )

    @api.model
    def _get_unit_net(self, price_unit, taxes, product, uom, pricing):
        """Return what one unit costs without taxes, as `_get_unit_amounts` does.

        :rtype: float
        """
        if any(taxes.mapped("price_include")):
            return self._get_unit_amounts(price_unit, taxes, product, uom, pricing)[0]
        # Taxes on top do not change it, and their computation is most of a page's pricing.
        return float_round(price_unit, precision_digits=pricing["digits"])

    @api.model
    def _get_line_amounts(self, line, price_unit, discount, taxes, pricing):
        """Return the amounts of a line as `_compute_amount` of `sale.order.line` does.

        :rtype: tuple
        """
        product, quantity, uom = line
        AccountTax = self.env["account.tax"]
        base_line = AccountTax._prepare_base_line_for_taxes_computation(
            {},
            product_id=product,
            product_uom_id=uom,
            tax_ids=taxes,
            quantity=quantity,
            price_unit=price_unit,
            discount=discount,
            currency_id=pricing["currency"],
            partner_id=pricing["partner"],
        )
        AccountTax._add_tax_details_in_base_line(base_line, pricing["company"])
        AccountTax._round_base_lines_tax_details([base_line], pricing["company"])
        amounts = base_line["tax_details"]
        return amounts["total_excluded_currency"], amounts["total_included_currency"]

    @api.model
    def _get_price_digits(self, currency):
        """Return with how many decimals unit prices are shown.

        :rtype: int
        """
        return max(
            self.env["decimal.precision"].precision_get("Product Price"), currency.decimal_places
        )

    @api.model
    def _format_unit_price(self, amount, currency):
        """Return a unit price as customers read it.

        With the decimals of the currency, and with more of them where the price needs them and
        "Product Price" allows: goods at 0.2432 apiece are not 0.24 when thousands are ordered.

        :param float amount: price of one unit
        :param currency: `res.currency` record
        :rtype: str
        """
        digits = self._get_price_digits(currency)
        needed = currency.decimal_places
        while needed < digits and float_compare(
            float_round(amount, precision_digits=needed), amount, precision_digits=digits
        ):
            needed += 1
        number = formatLang(self.env, amount, digits=needed)
        parts = [number, currency.symbol or ""]
        if currency.position == "before":
            parts.reverse()
        return NBSP.join(part for part in parts if part)

    def _get_quantity_breaks(self, products, *, company, fiscal_position=None, date=False):
        """Return the steps at which the unit price of products changes.

        :param products: `product.product` records
        :param company: `res.company` record that sells
        :param fiscal_position: `account.fiscal.position` record of the order
        :param date: date or datetime of the prices, now by default
        :return: `{product id: list of dicts}` by rising quantity; the first step is the price of
            one unit, each later one starts at `min_quantity` of the product's unit. Keys:
            `min_quantity`, `net`, `percentage`, `source`, `rule`, `list_net`, `currency`
        :rtype: dict
        """
        # As in `_get_b2b_price_details`.
        pricelist = self.sudo().with_company(company)
        products = products.with_env(pricelist.env)
        date = date or fields.Datetime.now()
        quantities, index = pricelist._get_break_quantities(products, date)
        lines = [
            (product, quantity, product.uom_id)
            for product in products
            for quantity in sorted({1.0} | {qty for qty in quantities[product.id] if qty > 1})
        ]
        details = pricelist._get_b2b_price_details(
            lines,
            company=company,
            fiscal_position=fiscal_position,
            date=date,
            breaks=False,
            totals=False,
            index=index,
        )
        steps = {product.id: [] for product in products}
        for values in details:
            found = steps[values["product"].id]
            if found and found[-1]["net"] == values["net"]:
                continue
            keys = ("net", "percentage", "source", "rule", "list_net", "currency")
            found.append({"min_quantity": values["quantity"], **{key: values[key] for key in keys}})
        return steps

    def _get_next_break(self, values, steps):
        """Return the next step at which a line gets cheaper.

        :param dict values: details of the line
        :param dict steps: what `_get_quantity_breaks` returned
        :return: the step, or None
        """
        quantity = self._get_quantity_in_product_uom(
            values["product"], values["quantity"] or 1.0, values["uom"]
        )
        reached, ahead = None, []
        for step in steps.get(values["product"].id, ()):
            if reached is None or step["min_quantity"] <= quantity:
                reached = step
            else:
                ahead.append(step)
        return next((step for step in ahead if step["net"] < reached["net"]), None)

    @api.model
    def _explain_price(self, values, **options):
        """Say in the reader's words where a price comes from, see `_explain_prices`.

        :param dict values: details of a line (see `_get_b2b_price_details`)
        :return: dicts with `label` and `text`, in reading order
        :rtype: list
        """
        return self._explain_prices([values], **options)[0]

    @api.model
    def _explain_prices(self, lines, price_label=None, format_price=None):
        """Say in the reader's words where prices come from.

        :param list lines: details of lines (see `_get_b2b_price_details`)
        :param str price_label: what to call the price, for a reader who is not the customer
        :param format_price: stands in for `_format_unit_price`, for pages that show the same
            amounts several times
        :return: for each line, dicts with `label` and `text`, in reading order
        :rtype: list[list[dict]]
        """
        format_price = format_price or self._format_unit_price
        # Looked up once, not once a line: a page has many.
        list_label, source_label = self.env._("List price (untaxed)"), self.env._("Applied")
        price_label = price_label or self.env._("Your price (untaxed)")
        break_label = self.env._("Next quantity break")
        per_unit = self.env._("%(price)s per %(unit)s")
        from_quantity = self.env._("from %(quantity)s %(unit)s: %(price)s")
        sources = {}
        explained = []
        for values in lines:
            currency, unit = values["currency"], values["uom"].name
            rule = values["rule"]
            kind = rule.is_b2b_discount, rule.applied_on, rule.min_quantity
            if kind not in sources:
                sources[kind] = rule._describe_b2b_price_source()
            price, list_price = (
                per_unit % {"price": format_price(values[key], currency), "unit": unit}
                for key in ("net", "list_net")
            )
            if values["percentage"]:
                price += f" (−{values['percentage']:g} %)"
            rows = [
                {"label": list_label, "text": list_price},
                {"label": source_label, "text": sources[kind]},
                {"label": price_label, "text": price},
            ]
            if step := values["next_break"]:
                text = from_quantity % {
                    "quantity": f"{step['min_quantity']:g}",
                    "unit": values["product"].uom_id.name,
                    "price": format_price(step["net"], currency),
                }
                rows.append({"label": break_label, "text": text})
            explained.append(rows)
        return explained

    # === PRICELIST OF A CUSTOMER === #

    @api.model
    def _get_partner_pricelist_multi(self, partner_ids):
        """Override of `product`: the list of the agreement in force beats every other.

        :param list partner_ids: ids of `res.partner`
        :return: `{partner id: pricelist}`
        :rtype: dict
        """
        result = super()._get_partner_pricelist_multi(partner_ids)
        agreements = self.env["res.partner"].browse(partner_ids)._get_b2b_agreements()
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

        :raises ValidationError: when a B2B pricelist has country groups
        """
        if any(pricelist.is_b2b and pricelist.country_group_ids for pricelist in self):
            raise ValidationError(
                self.env._("A B2B pricelist is given by an agreement, not by country groups.")
            )
