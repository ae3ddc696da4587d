from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.fields import Command
from odoo.tools import float_compare

from odoo.addons.b2b_pricelist.pricing import PriceLine

from ...quick_order_quantity import MAX_QUANTITY

# Core computes these after it has stored a new line, and writes the line again where they differ.
NOTHING_INVOICED = {
    "invoice_status": "no",
    "qty_invoiced": 0.0,
    "qty_to_invoice": 0.0,
    "untaxed_amount_invoiced": 0.0,
    "untaxed_amount_to_invoice": 0.0,
}


class SaleOrder(models.Model):
    """The cart of a buyer, and its lines."""

    _inherit = "sale.order"

    @api.model
    def _get_b2b_cart(self, agreement, create=False):
        """Return the cart of the current user, in sudo mode, or an empty recordset.

        :param b2b.agreement agreement: the agreement in force of the user's company
        :param bool create: make one when there is none
        """
        partner = self.env.user.partner_id
        company = agreement._get_selling_company()
        # sudo: portal users have no write access to orders; only their own cart is reached here
        Order = self.sudo().with_company(company)
        cart = Order.search(
            [
                ("b2b_qualifier", "=", "cart"),
                ("partner_id", "=", partner.id),
                ("b2b_customer_id", "=", partner.commercial_partner_id.id),
                ("company_id", "=", company.id),
            ],
            limit=1,
        )
        if cart or not create:
            return cart.with_context(tracking_disable=True)
        values = {**self._prepare_b2b_draft_values(agreement), "b2b_qualifier": "cart"}
        try:
            with self.env.cr.savepoint():
                return Order.with_context(tracking_disable=True).create(values)
        except UniqueViolation as error:
            # The buyer's other request made the cart, which this transaction cannot see yet.
            raise ConcurrencyError(str(error)) from error

    @api.model
    def _prepare_b2b_draft_values(self, agreement):
        """Return the values of a new cart or template of the current user."""
        return {
            "partner_id": self.env.user.partner_id.id,
            "company_id": agreement._get_selling_company().id,
            "pricelist_id": agreement._get_pricelist().id,
            **self._prepare_b2b_payment_term(agreement),
        }

    def _prepare_b2b_payment_term(self, agreement):
        """Return the value of the payment terms: the agreement's, else the customer's."""
        partner = self._get_b2b_party() if self else self.env.user.partner_id
        partner = partner.with_company(agreement._get_selling_company())
        # sudo: buyers do not read their payment terms, the order has them all the same
        term = agreement.payment_term_id or partner.sudo().property_payment_term_id
        return {"payment_term_id": term.id}

    def _get_b2b_payment_term(self):
        """Return the payment terms that the cart gets when it is ordered today.

        :rtype: account.payment.term
        """
        agreement = self.partner_id._get_b2b_agreement(self.company_id)
        if not agreement:
            return self.payment_term_id
        term_id = self._prepare_b2b_payment_term(agreement)["payment_term_id"]
        return self.env["account.payment.term"].browse(term_id or [])

    def _get_b2b_line_count(self):
        """Return how many lines the cart has, which each page of the shop tells.

        They may be hundreds: only pages of the cart itself read them, and then know it.

        :rtype: int
        """
        if not self or "order_line" in self._cache:
            return len(self.order_line)
        return self.env["sale.order.line"].search_count([("order_id", "=", self.id)])

    def _lock_b2b_cart(self):
        """Wait for the buyer's other request on the same cart or template.

        :raise UserError: when that takes too long
        """
        self._lock_for_status_change()

    def _add_b2b_lines(self, wanted, prices=None):
        """Add articles, at today's prices; the whole cart is stored at today's prices.

        Prices come from one call of the engine, and lines are created in one batch with the
        price and its technical twin, so that they stay automatic: core asks for price and rule
        line by line.

        :param list wanted: `PriceLine`, or tuples in that order; several of the same product and
            unit add up
        :param dict prices: today's prices of this order that the caller has anyway,
            `{PriceLine: Price}`
        :return: the lines
        :rtype: sale.order.line
        :raise UserError: for more of an article than an order can have
        """
        self.ensure_one()
        totals = {}
        for product, quantity, uom in wanted:
            key = (product, uom or product.uom_id)
            totals[key] = totals.get(key, 0.0) + quantity
        existing = {}
        for line in self.order_line:
            existing.setdefault((line.product_id, line.product_uom_id), line)
        quantities = {
            existing[key]: existing[key].product_uom_qty + quantity
            for key, quantity in totals.items()
            if key in existing
        }
        for line, quantity in quantities.items():
            if quantity > MAX_QUANTITY:  # what a page would refuse could not be taken out again
                problem = self.env["b2b.quick.order"]._get_error_message("absurd_quantity")
                refusal = f"{line.product_id.display_name}: {problem}"
                raise UserError(refusal)
        self._refresh_b2b_lines(quantities)
        created = self._create_b2b_lines(
            [
                PriceLine(product, quantity, uom)
                for (product, uom), quantity in totals.items()
                if (product, uom) not in existing
            ],
            prices,
        )
        # Lines are made in the language of the order; who reads them here is the buyer.
        return created.union(*quantities).with_env(self.env)

    def _create_b2b_lines(self, wanted, known_prices=None):
        """Create lines in one batch at today's prices.

        :param list wanted: `PriceLine`
        :param dict known_prices: see `_add_b2b_lines`
        """
        known_prices = known_prices or {}
        unknown = [line for line in wanted if line not in known_prices]
        known_prices = {
            **known_prices,
            **dict(zip(unknown, self._get_b2b_line_prices(unknown), strict=True)),
        }
        values = self._prepare_b2b_line_values()
        sequence = max(self.order_line.mapped("sequence"), default=9)
        # In the language of the order, or core would change it line by line for the names.
        Line = self.env["sale.order.line"].with_context(lang=self._get_lang())
        return Line.create(
            [
                {
                    "order_id": self.id,
                    "product_id": line.product.id,
                    "product_uom_id": line.uom.id,
                    "product_uom_qty": line.quantity,
                    "sequence": sequence + index,
                    "price_unit": price.price_unit,
                    "technical_price_unit": price.price_unit,
                    "discount": price.discount,
                    "tax_ids": [Command.set(price.taxes.ids)],
                    **values,
                }
                for index, line in enumerate(wanted, start=1)
                for price in [known_prices[line]]
            ]
        )

    def _prepare_b2b_line_values(self):
        """Hook: return what Odoo would compute alike for each new line of the cart or template.

        :rtype: dict
        """
        values = dict(NOTHING_INVOICED)
        # sudo: whether there are any is asked for buyers, too
        if not self.env["account.analytic.distribution.model"].sudo().search_count([], limit=1):
            # Nothing can be distributed; else core searches the models line by line.
            values["analytic_distribution"] = False
        return values

    def _refresh_b2b_lines(self, quantities=None):
        """Store quantities and today's prices; writes only lines that change.

        :param dict quantities: `{line: new quantity}`, 0 removes a line that is not of a template
        """
        self.ensure_one()
        quantities = quantities or {}
        lines = self.order_line.filtered("product_id")
        if self.b2b_qualifier != "template":
            gone = lines.filtered(lambda line: not quantities.get(line, 1.0))
            gone.unlink()
            lines -= gone
        self._renew_b2b_terms()
        wanted = [
            line._get_price_line()._replace(quantity=quantities.get(line, line.product_uom_qty))
            for line in lines
        ]
        prices = self._get_b2b_line_prices(wanted)
        for line, price in zip(lines, prices, strict=True):
            vals = {
                "price_unit": price.price_unit,
                "technical_price_unit": price.price_unit,
                "discount": price.discount,
            }
            if line in quantities:
                vals["product_uom_qty"] = price.quantity
            changed = {
                name: value
                for name, value in vals.items()
                if float_compare(line[name], value, precision_digits=8)
            }
            if line.tax_ids != price.taxes:
                changed["tax_ids"] = [Command.set(price.taxes.ids)]
            if changed:
                # core takes the technical price alone for a stray value of the client
                changed.setdefault("price_unit", vals["price_unit"])
                changed.setdefault("technical_price_unit", vals["price_unit"])
                line.write(changed)

    def _renew_b2b_terms(self):
        """Bring date, list, payment terms and fiscal position of the cart up to today."""
        agreement = self._get_b2b_party()._get_b2b_agreement(self.company_id)
        values = {"date_order": fields.Datetime.now()}
        pricelist = self._get_b2b_pricelist()
        if self.pricelist_id != pricelist:
            values["pricelist_id"] = pricelist.id
        if agreement:
            values.update(self._prepare_b2b_payment_term(agreement))
        fiscal_position = self._get_b2b_fiscal_position()
        if self.fiscal_position_id != fiscal_position:
            values["fiscal_position_id"] = fiscal_position.id
        currency = pricelist.currency_id or self.company_id.currency_id
        if self.currency_id != currency:
            # Core looks at it only when another list is chosen, and a list may change its own.
            values["currency_id"] = currency.id
        if not self._get_b2b_addresses(self.partner_invoice_id.id):
            values["partner_invoice_id"] = self.partner_id.address_get(["invoice"])["invoice"]
        self.write(values)
