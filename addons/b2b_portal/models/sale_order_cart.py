import logging
from datetime import datetime, time

import pytz
from psycopg2 import OperationalError
from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.fields import Command, Domain
from odoo.tools import float_compare

from ..pricing import PriceLine
from ..tools.mail_attempt import try_to_mail
from .sale_order import PLACING

_logger = logging.getLogger(__name__)

PO_NUMBER_SIZE = 100
NOTE_SIZE = 5000


class SaleOrder(models.Model):
    """The cart of a buyer: its lines, its prices of today, and the checkout."""

    _inherit = "sale.order"

    b2b_mail_pending = fields.Boolean(
        string="Pro-forma to be mailed", copy=False, groups="base.group_user"
    )

    _b2b_mail_pending_idx = models.Index("(id) WHERE b2b_mail_pending IS TRUE")

    # === CART === #

    @api.model
    def _get_b2b_cart(self, agreement, create=False):
        """Return the cart of the current user, in sudo mode, or an empty recordset.

        :param b2b.agreement agreement: the agreement in force of the user's company
        :param bool create: make one when there is none
        """
        partner = self.env.user.partner_id
        company = agreement.company_id
        # sudo: portal users have no write access to orders; only their own cart is reached here
        Order = self.sudo().with_company(company)
        cart = Order.search(
            [
                ("b2b_qualifier", "=", "cart"),
                ("partner_id", "=", partner.id),
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
            "company_id": agreement.company_id.id,
            "pricelist_id": agreement._get_pricelist().id,
            **self._prepare_b2b_payment_term(agreement),
        }

    def _prepare_b2b_payment_term(self, agreement):
        """Return the value of the payment terms: the agreement's, else the customer's."""
        partner = (self.partner_id or self.env.user.partner_id).with_company(agreement.company_id)
        # sudo: buyers do not read their payment terms, the order has them all the same
        term = agreement.payment_term_id or partner.sudo().property_payment_term_id
        return {"payment_term_id": term.id}

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
        self._refresh_b2b_lines(quantities)
        created = self._create_b2b_lines(
            [
                PriceLine(product, quantity, uom)
                for (product, uom), quantity in totals.items()
                if (product, uom) not in existing
            ],
            prices,
        )
        return created.union(*quantities)

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
        values = {}
        sequence = max(self.order_line.mapped("sequence"), default=9)
        # sudo: whether there are any is asked for buyers, too
        if not self.env["account.analytic.distribution.model"].sudo().search_count([], limit=1):
            # Nothing can be distributed; else core searches the models line by line.
            values["analytic_distribution"] = False
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

    def _refresh_b2b_lines(self, quantities=None):
        """Store quantities and today's prices; writes only lines that change.

        :param dict quantities: `{line: new quantity}`, 0 removes a cart's line
        """
        self.ensure_one()
        quantities = quantities or {}
        lines = self.order_line.filtered("product_id")
        if self.b2b_qualifier == "cart":
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
        agreement = self.partner_id._get_b2b_agreement(self.company_id)
        values = {"date_order": fields.Datetime.now()}
        pricelist = self._get_b2b_pricelist()
        if self.pricelist_id != pricelist:
            values["pricelist_id"] = pricelist.id
        if agreement:
            values.update(self._prepare_b2b_payment_term(agreement))
        fiscal_position = self._get_b2b_fiscal_position()
        if self.fiscal_position_id != fiscal_position:
            values["fiscal_position_id"] = fiscal_position.id
        self.write(values)

    # === PRICES === #

    def _get_b2b_line_prices(self, wanted):
        """Return today's prices as core would store them on lines of this order.

        :param list wanted: `PriceLine`
        :return: prices in the same order
        :rtype: list[Price]
        """
        self.ensure_one()
        if not wanted:
            return []
        pricer = self._get_b2b_pricelist()._get_pricer(
            self.company_id,
            fiscal_position=self._get_b2b_fiscal_position(),
            partner=self.partner_id,
        )
        return pricer.prices(wanted)

    def _get_b2b_pricelist(self):
        """Return the list of the agreement, also when the order has an earlier one still."""
        agreement = self.partner_id._get_b2b_agreement(self.company_id)
        return agreement._get_pricelist() if agreement else self.pricelist_id

    def _get_b2b_fiscal_position(self):
        """Return the fiscal position that the order gets today, as core would choose it."""
        positions = self.env["account.fiscal.position"].with_company(self.company_id)
        return positions._get_fiscal_position(self.partner_id, self.partner_shipping_id)

    def _get_b2b_today(self):
        """Return what the lines and the whole cost today, without writing anything.

        :return: dict with `lines` (dicts with `line`, its `price`, and what pages show: `net` and
            `subtotal`), `untaxed`, `tax`, `total`, `currency`
        :rtype: dict
        """
        self.ensure_one()
        lines = self.order_line.filtered(lambda line: line.product_id and not line.display_type)
        prices = self._get_b2b_line_prices([line._get_price_line() for line in lines])
        currency = self._get_b2b_pricelist().currency_id or self.company_id.currency_id
        base_lines = [
            line._prepare_base_line_for_taxes_computation(
                currency_id=currency,
                price_unit=price.price_unit,
                discount=price.discount,
                tax_ids=price.taxes,
            )
            for line, price in zip(lines, prices, strict=True)
        ]
        AccountTax = self.env["account.tax"]
        AccountTax._add_tax_details_in_base_lines(base_lines, self.company_id)
        AccountTax._round_base_lines_tax_details(base_lines, self.company_id)
        totals = AccountTax._get_tax_totals_summary(
            base_lines=base_lines, currency=currency, company=self.company_id
        )
        return {
            "lines": [
                {
                    "line": line,
                    "price": price,
                    "net": price.net,
                    # of the order, which may round otherwise than line by line
                    "subtotal": base_line["tax_details"]["total_excluded_currency"],
                }
                for line, price, base_line in zip(lines, prices, base_lines, strict=True)
            ],
            "untaxed": totals["base_amount_currency"],
            "tax": totals["tax_amount_currency"],
            "total": totals["total_amount_currency"],
            "currency": currency,
        }

    # === CHECKOUT === #

    def _get_b2b_line_problems(self):
        """Return what keeps lines from being ordered.

        :return: `{line: message}`; messages name the article and the nearest valid quantity
        :rtype: dict
        """
        lines = self.order_line.filtered("product_id")
        products = lines.product_id
        sold = products.filtered_domain(products._get_b2b_shop_domain(self.company_id))
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
        problems = list(self._get_b2b_line_problems().values())
        currency = agreement._get_price_currency()
        minimum = agreement.minimum_order_amount
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

    def _prepare_b2b_checkout_values(self, agreement, form):
        """Read the checkout form.

        :param b2b.agreement agreement: in force
        :param dict form: `client_order_ref`, `commitment_date` (ISO date), `partner_shipping_id`,
            `b2b_note`, all as text
        :return: values for the order, and messages about fields that are wrong
        :rtype: tuple[dict, list[str]]
        """
        problems = []
        reference = self._clean_b2b_text(form.get("client_order_ref"))
        if reference and len(reference) > PO_NUMBER_SIZE:
            problems.append(
                self.env._(
                    "Your PO number is too long: at most %(maximum)s characters.",
                    maximum=PO_NUMBER_SIZE,
                )
            )
        if agreement.po_number_required and not reference:
            problems.append(self.env._("Your PO number is required by the agreement."))
        note = self._clean_b2b_text(form.get("b2b_note"))
        if note and len(note) > NOTE_SIZE:
            problems.append(
                self.env._(
                    "Your note is too long: at most %(maximum)s characters.", maximum=NOTE_SIZE
                )
            )
        values = {
            "client_order_ref": reference,
            "b2b_note": note,
            "commitment_date": False,
            "partner_shipping_id": self.partner_shipping_id.id,
        }
        try:
            values["commitment_date"] = self._read_b2b_requested_date(form.get("commitment_date"))
        except ValueError as error:
            problems.append(str(error))
        if form.get("partner_shipping_id"):
            address = self._get_b2b_addresses(form["partner_shipping_id"])
            if address:
                values["partner_shipping_id"] = address.id
            else:
                problems.append(self.env._("Please choose a delivery address of your own company."))
        return values, problems

    @api.model
    def _clean_b2b_text(self, text):
        # Browsers send two characters for the end of a line, and count one.
        return (text or "").replace("\x00", "").replace("\r\n", "\n").strip() or False

    def _get_b2b_today_date(self):
        """Return the date of today where the seller is, as agreements count it.

        :rtype: date
        """
        return self.env["b2b.agreement"]._get_today(self.company_id)

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
        if day < self._get_b2b_today_date():
            raise ValueError(self.env._("The requested date lies in the past."))
        if day.year > self._get_b2b_today_date().year + 10:
            raise ValueError(self.env._("The requested date lies too far ahead."))
        timezone = pytz.timezone(self.company_id.partner_id.tz or "UTC")
        noon = timezone.localize(datetime.combine(day, time(12)))
        return noon.astimezone(pytz.utc).replace(tzinfo=None)

    def _get_b2b_addresses(self, address_id=None):
        """Return the delivery addresses of the buyer's own company.

        :param address_id: only this one (text or int), empty when it is not of that company
        :rtype: res.partner
        """
        commercial = self.partner_id.commercial_partner_id
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

    def _get_b2b_stored_prices(self):
        """Return the quantities and untaxed prices that the last POST stored.

        :return: `{line id: (quantity, price)}`
        :rtype: dict
        """
        return {
            entry["line"].id: (entry["line"].product_uom_qty, self._get_b2b_stored_net(**entry))
            for entry in self._get_b2b_today()["lines"]
        }

    def _get_b2b_stored_net(self, line, price, **entry):
        """Return the untaxed price of one unit that a line has stored.

        :param sale.order.line line: of the cart
        :param Price price: of today
        :rtype: float
        """
        stored = line.price_unit, line.discount
        pairs = zip(stored, (price.price_unit, price.discount), strict=True)
        if line.tax_ids == price.taxes and not any(
            float_compare(*pair, precision_digits=8) for pair in pairs
        ):
            return price.net
        return price.pricer.get_net(price.line, *stored, line.tax_ids)

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
        """
        self.ensure_one()
        if self.b2b_qualifier != "cart":
            raise UserError(self.env._("This cart has been ordered already."))
        agreement = self.partner_id._get_b2b_agreement(self.company_id)
        if not agreement:
            raise UserError(self.env._("There is no agreement in force any more."))
        self.with_context(b2b_placing=PLACING, tracking_disable=True).write(
            {
                **values,
                "b2b_qualifier": "order",
                "date_order": fields.Datetime.now(),
                "name": self._next_b2b_number({"company_id": self.company_id.id}),
                "state": "sent",
                "b2b_mail_pending": True,
            }
        )
        # sudo: the mail of a buyer's order is sent by a scheduled action
        self.env.ref("b2b_portal.ir_cron_b2b_proforma_mail").sudo()._trigger()

    # === MAIL === #

    @api.model
    def _cron_send_b2b_proformas(self):
        """Mail the pro-formas of new orders: apart from the checkout, which no mail may undo."""
        domain = [("b2b_mail_pending", "=", True)]
        pending = self.search(domain, order="id", limit=100)
        self.env["ir.cron"]._commit_progress(remaining=self.search_count(domain))
        for order_id in pending.ids:
            # Another worker may be at it: claim the row, or leave it to that one.
            order = self.browse(order_id).try_lock_for_update(allow_referencing=True)
            if order.filtered("b2b_mail_pending"):
                order._try_send_b2b_proforma()
            if not self.env["ir.cron"]._commit_progress(processed=1):
                break

    def _try_send_b2b_proforma(self):
        """Mail the pro-forma; one that cannot be mailed must not hold up all later ones."""
        self.ensure_one()
        try_to_mail(self, self._send_b2b_proforma, self._give_up_b2b_proforma)

    def _give_up_b2b_proforma(self):
        self.b2b_mail_pending = False

    def _send_b2b_proforma(self):
        """Mail the pro-forma to the buyer; without its PDF when that cannot be made."""
        self.ensure_one()
        self.b2b_mail_pending = False
        template = self.env.ref("b2b_portal.mail_template_b2b_proforma", raise_if_not_found=False)
        if not template or self.state == "cancel":
            return
        # By the queue: it tries again when the mail server is away.
        order = self.with_context(lang=self.partner_id.lang, mail_notify_force_send=False)
        order.message_post_with_source(
            template,
            attachment_ids=[Command.set(order._make_b2b_proforma_pdf().ids)],
            email_layout_xmlid="mail.mail_notification_layout_with_responsible_signature",
            subtype_xmlid="mail.mt_comment",
        )
        self.env["mail.mail"]._trigger_queue()

    def _make_b2b_proforma_pdf(self):
        """Return the PDF of the pro-forma as an attachment, empty when it cannot be made."""
        try:
            with self.env.cr.savepoint():
                content, _type = self.env["ir.actions.report"]._render_qweb_pdf(
                    "sale.action_report_saleorder", self.ids
                )
                return self.env["ir.attachment"].create(
                    {
                        "name": f"{self._get_report_base_filename()}.pdf".replace("/", "_"),
                        "raw": content,
                        "mimetype": "application/pdf",
                        "res_model": self._name,
                        "res_id": self.id,
                    }
                )
        except OperationalError:
            raise  # a clash with another transaction: all of it runs again
        # The program that makes PDFs is missing, or breaks on a picture; the disk is full.
        except Exception as error:
            _logger.warning("No PDF for the pro-forma %s", self.name, exc_info=True)
            order = self.with_context(lang=self.user_id.lang or self.env.lang)
            order._message_log(
                body=order.env._(
                    "The pro-forma was e-mailed without its PDF, which could not be made:"
                    " %(reason)s",
                    reason=str(error),
                )
            )
            return self.env["ir.attachment"]
