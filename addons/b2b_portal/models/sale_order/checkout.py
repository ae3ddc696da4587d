from datetime import datetime, time

import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import float_compare

from odoo.addons.b2b_pricelist.formatting import format_quantity
from odoo.addons.order_status_flags.typed_text import clean_text

from .guards import PLACING

PO_NUMBER_SIZE = 100
NOTE_SIZE = 5000


class SaleOrder(models.Model):
    """Checkout: what keeps a cart from being ordered, and the one way to order it."""

    _inherit = "sale.order"

    def _get_b2b_line_problems(self):
        """Return what keeps lines from being ordered.

        :return: `{line: message}`; messages name the article and the nearest valid quantity
        :rtype: dict
        """
        lines = self.order_line.filtered("product_id")
        products = lines.product_id
        sold = products._filter_b2b_sold(self.company_id)
        problems = {}
        for line in lines:
            if line.product_id not in sold:
                problems[line] = self.env._(
                    "%(product)s is no longer sold. Remove it to go on.",
                    product=line.product_id.display_name,
                )
            elif line.product_uom_qty:
                message = line.product_id._get_b2b_quantity_problem(
                    line.product_uom_qty, line.product_uom_id
                )
                if message:
                    problems[line] = message
        return problems

    def _get_b2b_checkout_problems(self, agreement, untaxed):
        """Return why the cart as it is cannot be ordered.

        :param b2b.agreement agreement: in force
        :param float untaxed: the cart's amount at today's prices
        :return: messages
        :rtype: list[str]
        """
        if not self.order_line.filtered("product_id"):
            return [self.env._("Your cart is empty.")]
        problems = [
            *self._get_b2b_buyer_problems(untaxed),
            *self._get_b2b_line_problems().values(),
        ]
        currency = agreement._get_price_currency()
        minimum = agreement._get_minimum_order()
        if currency.compare_amounts(untaxed, minimum) < 0:
            problems.append(
                self.env._(
                    "The minimum order amount is %(minimum)s without taxes; your cart comes to"
                    " %(amount)s. Please add %(missing)s.",
                    minimum=currency.format(minimum),
                    amount=currency.format(untaxed),
                    missing=currency.format(minimum - untaxed),
                )
            )
        return problems

    def _get_b2b_buyer_problems(self, untaxed):
        """Hook: return why this buyer may not order this cart, whatever is in it.

        Said by the cart, by the checkout, and by `_place_b2b_order` as the error.

        :param float untaxed: the cart's amount, in the currency of the agreement's list
        :return: messages
        :rtype: list[str]
        """
        self.ensure_one()
        return []

    def _get_b2b_web_problems(self):
        """Hook: return why this buyer may not order this cart of the public shop.

        Said by its payment page, and by whatever would pay or confirm it.

        :return: messages
        :rtype: list[str]
        """
        self.ensure_one()
        return self._get_b2b_buyer_problems(self.amount_untaxed)

    def _get_b2b_web_notices(self):
        """Hook: return what this buyer is told before he pays a cart of the public shop.

        :return: messages
        :rtype: list[str]
        """
        self.ensure_one()
        return []

    def _prepare_b2b_checkout_values(self, agreement, form):
        """Read the checkout form.

        :param b2b.agreement agreement: in force
        :param dict form: `client_order_ref`, `commitment_date` (ISO date), `partner_shipping_id`,
            `b2b_note`, all as text
        :return: values for the order, and messages about fields that are wrong
        :rtype: tuple[dict, list[str]]
        """
        values = {
            # One line: it is looked for, and stands in subjects and in files of rows.
            "client_order_ref": clean_text(form.get("client_order_ref"), one_line=True) or False,
            "b2b_note": self._clean_b2b_text(form.get("b2b_note")),
            "commitment_date": False,
            "partner_shipping_id": self.partner_shipping_id.id,
        }
        problems = self._get_b2b_text_problems(agreement, values)
        # Also the address that the cart remembers: the contact may have gone since.
        address_id = form.get("partner_shipping_id") or self.partner_shipping_id.id
        if address := self._get_b2b_addresses(address_id):
            values["partner_shipping_id"] = address.id
        else:
            problems.append(self._get_b2b_address_refusal())
        try:
            values["commitment_date"] = self._read_b2b_requested_date(form.get("commitment_date"))
        except ValueError as error:
            problems.append(str(error))
        return values, problems

    def _get_b2b_text_problems(self, agreement, values):
        """Return messages about the texts of the checkout form.

        :param b2b.agreement agreement: in force
        :param dict values: `client_order_ref` and `b2b_note`
        :rtype: list[str]
        """
        problems = []
        reference, note = values["client_order_ref"], values["b2b_note"]
        if reference and len(reference) > PO_NUMBER_SIZE:
            problems.append(
                self.env._(
                    "Your PO number is too long: at most %(maximum)s characters.",
                    maximum=PO_NUMBER_SIZE,
                )
            )
        if agreement.po_number_required and not reference:
            problems.append(self.env._("Your PO number is required by the agreement."))
        if note and len(note) > NOTE_SIZE:
            problems.append(
                self.env._(
                    "Your note is too long: at most %(maximum)s characters.",
                    maximum=format_quantity(self.env, NOTE_SIZE),
                )
            )
        return problems

    @api.model
    def _clean_b2b_text(self, text):
        return clean_text(text) or False

    def _read_b2b_requested_date(self, text):
        """Return the requested date as a datetime (UTC), at noon of the seller's day.

        :raise ValueError: with a message for the buyer
        """
        if not (text or "").strip():
            return False
        try:
            day = datetime.strptime(text.strip(), "%Y-%m-%d").date()
        except ValueError as error:
            raise ValueError(self.env._("The requested date is not a date.")) from error
        today = self.env["b2b.agreement"]._get_today(self.company_id)
        if day < today:
            raise ValueError(self.env._("The requested date lies in the past."))
        if day.year > today.year + 10:
            raise ValueError(self.env._("The requested date lies too far ahead."))
        timezone = pytz.timezone(self.company_id.partner_id.tz or "UTC")
        noon = timezone.localize(datetime.combine(day, time(12)))
        return noon.astimezone(pytz.utc).replace(tzinfo=None)

    def _get_b2b_addresses(self, address_id=None):
        """Return the delivery addresses of the buyer's own company.

        :param address_id: only this one (text or int), empty when it is not of that company
        :rtype: res.partner
        """
        commercial = self.b2b_customer_id
        domain = Domain("commercial_partner_id", "=", commercial.id)
        if address_id is None:
            domain &= Domain("type", "in", ("delivery", "other")) | Domain(
                "id", "in", (commercial | self.partner_id).ids
            )
        elif str(address_id).isdecimal() and len(str(address_id)) < 10:
            domain &= Domain("id", "=", int(address_id))
        else:
            return self.env["res.partner"]
        addresses = self.env["res.partner"].search(domain, order="parent_id desc, type, name, id")
        return addresses.sorted(lambda partner: partner != commercial)

    def _get_b2b_shipping(self):
        """Return the delivery address of the cart; empty when it is not the company's any more.

        :rtype: res.partner
        """
        return self._get_b2b_addresses(self.partner_shipping_id.id)

    @api.model
    def _get_b2b_address_refusal(self):
        return self.env._("Please choose a delivery address of your own company.")

    def _get_b2b_stored_prices(self):
        """Return the quantities and untaxed prices that the last POST stored.

        :return: `{line id: (quantity, price)}`
        :rtype: dict
        """
        return {
            entry["line"].id: (entry["line"].product_uom_qty, self._get_b2b_stored_net(**entry))
            for entry in self._get_b2b_today()["lines"]
        }

    def _get_b2b_price_changes(self, expected, today):
        """Compare what the buyer has seen with today's cart.

        :param dict expected: `{line id: (quantity, untaxed price)}`
        :param dict today: of `_get_b2b_today`
        :return: a dict per difference: `line`, `old`, `new` (untaxed prices; None = not in the
            cart then)
        :rtype: list[dict]
        """
        changes = []
        for entry in today["lines"]:
            line = entry["line"]
            quantity, price = expected.get(line.id, (None, None))
            if (
                price is None
                or float_compare(price, entry["net"], precision_digits=6)
                or float_compare(quantity, line.product_uom_qty, precision_digits=6)
            ):
                changes.append({"line": line, "old": price, "new": entry["net"]})
        return changes

    def _set_b2b_shipping(self, address_id):
        """Set the address before prices are compared: it decides the taxes."""
        if address_id == self.partner_shipping_id.id:
            return
        fiscal_position = self.fiscal_position_id
        self.partner_shipping_id = address_id
        if self.fiscal_position_id != fiscal_position:
            self._recompute_taxes()

    def _place_b2b_order(self, values):
        """Make the cart an order: the only way there is.

        The caller holds the lock on the cart and has checked everything else.

        :param dict values: of `_prepare_b2b_checkout_values`
        :raise UserError: when the cart was ordered already, or this buyer may not order it
        """
        self.ensure_one()
        if not self._is_b2b_placeable():
            raise UserError(self.env._("This cart has been ordered already."))
        agreement = self.partner_id._get_b2b_agreement(self.company_id)
        if agreement.partner_id != self.b2b_customer_id:
            raise UserError(self.env._("There is no agreement in force any more."))
        address_id = values.get("partner_shipping_id", self.partner_shipping_id.id)
        if not self._get_b2b_addresses(address_id):
            raise UserError(self._get_b2b_address_refusal())
        if problems := self._get_b2b_buyer_problems(self.amount_untaxed):
            raise UserError("\n".join(problems))
        self._finish_b2b_checkout(values)

    def _is_b2b_placeable(self):
        """Hook: whether the checkout may make an order of this.

        :rtype: bool
        """
        return self.b2b_qualifier == "cart"

    def _finish_b2b_checkout(self, values):
        """Hook: make what was checked an order, with number, state, status and pro-forma.

        An override that does not call super keeps the cart from being an order yet, and makes
        something else of it in the same transaction.

        :param dict values: of `_prepare_b2b_checkout_values`
        """
        self._renew_b2b_line_names()
        self.with_context(b2b_placing=PLACING, tracking_disable=True).write(
            {
                **self._prepare_b2b_renewed_values(),
                **values,
                "b2b_qualifier": "order",
                "date_order": fields.Datetime.now(),
                "name": self._next_b2b_number({"company_id": self.company_id.id}),
                "state": "sent",
            }
        )
        # What is paid differs for an order, and so does what other addons store of it.
        self.modified(["amount_total"])
        # Later: no mail may undo a checkout.
        self.env["sale.order.status.history"]._queue_mail(self, "b2b_proforma")

    def _renew_b2b_line_names(self):
        """Order each article by the name that the checkout has shown.

        A cart may lie for weeks, and Odoo names a line when it is added.
        """
        lines = self.order_line.filtered("product_id").with_context(lang=self._get_lang())
        for line in lines:
            name = line._get_sale_order_line_multiline_description_sale()
            if line.name != name:
                line.name = name

    def _prepare_b2b_renewed_values(self):
        """Return the salesperson and the invoice address that a new order would have today.

        A cart may have been begun before they changed. An address for invoices that was chosen
        stays: without one, Odoo takes that of the contact.
        """
        partner, values = self.partner_id, {}
        salesperson = partner.user_id or partner.commercial_partner_id.user_id
        if salesperson.active:
            values["user_id"] = salesperson.id
        if self.partner_invoice_id in partner | partner.commercial_partner_id:
            values["partner_invoice_id"] = partner.address_get(["invoice"])["invoice"]
        return values

    def _get_b2b_placed_url(self):
        """Hook: return where the buyer is led after the checkout.

        :return: local address
        :rtype: str
        """
        self.ensure_one()
        return f"/my/orders/{self.id}?message=b2b_placed"

    @api.model
    def _get_b2b_placed_domain(self):
        """Hook: return what a cart has become once it is checked out.

        :rtype: Domain
        """
        return Domain("b2b_qualifier", "=", "order")
