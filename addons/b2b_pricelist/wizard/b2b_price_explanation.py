from markupsafe import Markup

from odoo import api, fields, models

from ..formatting import format_percentage, format_quantity, format_unit_price
from ..pricing import PriceLine


class B2bPriceExplanation(models.TransientModel):
    """Why a customer pays what for a product: asked from the product, before there is an order.

    It prices as an order of today would, so the salesperson on the phone reads the very price
    that the customer's shop shows. Nothing is written.
    """

    _name = "b2b.price.explanation"
    _description = "Why This Price"

    product_tmpl_id = fields.Many2one(related="product_id.product_tmpl_id")
    product_id = fields.Many2one(
        comodel_name="product.product",
        required=True,
        default=lambda self: self._default_product_id(),
    )
    has_variants = fields.Boolean(compute="_compute_has_variants")
    partner_id = fields.Many2one(comodel_name="res.partner", string="Customer")
    quantity = fields.Float(default=1.0, digits="Product Unit")
    uom_id = fields.Many2one(
        comodel_name="uom.uom",
        string="Unit",
        compute="_compute_uom_id",
        store=True,
        readonly=False,
        domain="[('id', 'in', allowed_uom_ids)]",
    )
    allowed_uom_ids = fields.Many2many(comodel_name="uom.uom", compute="_compute_allowed_uom_ids")
    # Not a value that a client may send: prices are those of a company the user works in.
    company_id = fields.Many2one(comodel_name="res.company", compute="_compute_company_id")
    pricelist_id = fields.Many2one(
        comodel_name="product.pricelist", compute="_compute_pricelist_id"
    )
    agreement_id = fields.Many2one(comodel_name="b2b.agreement", compute="_compute_pricelist_id")
    explanation = fields.Html(compute="_compute_explanation", sanitize=False)

    # === DEFAULT METHODS === #

    @api.model
    def _default_product_id(self):
        """Return the product from whose form the dialog is opened, its first variant."""
        model, record_id = (self.env.context.get(f"active_{key}") for key in ("model", "id"))
        if model not in ("product.template", "product.product") or not record_id:
            return False
        record = self.env[model].browse(record_id)
        return record.product_variant_id if model == "product.template" else record

    # === COMPUTE METHODS === #

    @api.depends("product_id")
    def _compute_has_variants(self):
        for wizard in self:
            wizard.has_variants = wizard.product_id.product_tmpl_id.product_variant_count > 1

    @api.depends("product_id")
    def _compute_uom_id(self):
        for wizard in self:
            wizard.uom_id = wizard.product_id.uom_id

    @api.depends("product_id")
    def _compute_allowed_uom_ids(self):
        for wizard in self:
            wizard.allowed_uom_ids = wizard.product_id.uom_id | wizard.product_id.uom_ids

    @api.depends("product_id")
    @api.depends_context("company")
    def _compute_company_id(self):
        for wizard in self:
            wizard.company_id = wizard.product_id.company_id or self.env.company

    @api.depends("partner_id", "company_id")
    def _compute_pricelist_id(self):
        for wizard in self:
            partner = wizard.partner_id.with_company(wizard.company_id)
            wizard.pricelist_id = partner.property_product_pricelist
            wizard.agreement_id = partner.b2b_agreement_id

    @api.depends("product_id", "partner_id", "quantity", "uom_id", "pricelist_id")
    def _compute_explanation(self):
        for wizard in self:
            wizard.explanation = (
                wizard._format_explanation() if wizard.product_id and wizard.partner_id else False
            )

    # === BUSINESS METHODS === #

    def _get_pricer(self):
        """Return what prices the product as an order of the customer would today.

        :rtype: Pricer
        :raise AccessError: for a product or a customer that the user may not read
        """
        self.ensure_one()
        # Prices are computed in sudo, for any ids that a client sends.
        self.product_id.check_access("read")
        self.partner_id.check_access("read")
        # sudo: fiscal positions are the accountants'; the seller's order gets the same one
        partner = self.sudo().with_company(self.company_id).partner_id
        delivery = partner.browse(partner.address_get(["delivery"])["delivery"])
        FiscalPosition = partner.env["account.fiscal.position"]
        return self.pricelist_id._get_pricer(
            self.company_id,
            partner=self.partner_id,
            fiscal_position=FiscalPosition._get_fiscal_position(partner, delivery),
        )

    def _get_price(self, pricer):
        return pricer.prices([PriceLine(self.product_id, self.quantity, self.uom_id)])[0]

    def _format_explanation(self):
        pricer = self._get_pricer()
        price = self._get_price(pricer)
        [rows] = pricer.explain([price], price_label=self.env._("Price (untaxed)"))
        if unused := self._describe_unused_price(pricer, price):
            rows.insert(2, {"label": self.env._("Not applied"), "text": unused})
        table = Markup().join(
            Markup("<tr><th class='pe-4 text-nowrap'>%(label)s</th><td>%(text)s</td></tr>") % row
            for row in rows
        )
        return Markup("<table class='table table-sm mb-0'>%s</table>%s") % (
            table,
            self._format_breaks(pricer),
        )

    def _describe_unused_price(self, pricer, price):
        """Say which other price there was, and why it was not taken.

        :param Pricer pricer: of this customer
        :param Price price: what the customer pays
        :return: text, or an empty string when there was no other
        :rtype: str
        """
        if not self.product_id.b2b_discount:
            return ""
        if price.source != "product_discount":
            return self._describe_unused_discount()
        # The same line once more, as if there were no discount: what else it could have cost.
        without = self._get_price(pricer.without_product_discounts())
        return self._describe_unused_rule(price, without) if without.source == "rule" else ""

    def _describe_unused_discount(self):
        return self.env._(
            "B2B discount of the product (%(discount)s): %(reason)s",
            discount=format_percentage(self.env, self.product_id.b2b_discount),
            reason=self.env._("the rule is lower")
            if self.pricelist_id.is_b2b
            else self.env._("it counts on B2B pricelists only"),
        )

    def _describe_unused_rule(self, price, without):
        amount = format_unit_price(self.env, without.net, without.currency)
        text = f"{without.rule._describe_b2b_price_source()}: {amount}"
        # Only the policy lets the dearer of the two win: who reads this must learn why.
        if without.net < price.net:
            return self.env._(
                "%(rule)s, since the price policy of the company is “Product discount first”",
                rule=text,
            )
        return text

    def _format_breaks(self, pricer):
        """Return the steps of the price as a table, nothing when the quantity does not matter."""
        steps = pricer.breaks(self.product_id)[self.product_id.id]
        if len(steps) < 2:
            return ""
        rows = Markup().join(
            Markup("<tr><td>%s %s</td><td class='text-end'>%s</td><td class='ps-4'>%s</td></tr>")
            % (
                format_quantity(self.env, step.quantity),
                step.uom.name,
                format_unit_price(self.env, step.net, step.currency),
                step.rule._describe_b2b_price_source(),
            )
            for step in steps
        )
        head = Markup("<tr><th>%s</th><th class='text-end'>%s</th><th class='ps-4'>%s</th></tr>")
        head %= (
            self.env._("From quantity"),
            self.env._("Price (untaxed)"),
            self.env._("Applied"),
        )
        return Markup("<table class='table table-sm mt-4 mb-0'>%s%s</table>") % (head, rows)
