from odoo import api, models
from odoo.tools import SQL, html2plaintext

from ...erp_order import (
    RATE_DIGITS,
    decimal_text,
    from_units,
    moment,
    settle,
    text,
    to_units,
)

STATES = {"sent": "placed", "sale": "confirmed", "cancel": "cancelled"}
# What is read of an order; other fields of it would be read along for nothing.
ORDER_FIELDS = (
    "amount_total",
    "amount_untaxed",
    "client_order_ref",
    "commitment_date",
    "company_id",
    "currency_id",
    "currency_rate",
    "date_order",
    "document_type",
    "erp_placed_at",
    "external_ref",
    "name",
    "note",
    "partner_id",
    "partner_invoice_id",
    "partner_shipping_id",
    "payment_term_id",
    "state",
    "was_placed",
)
# Of other apps, where they are there.
OPTIONAL_FIELDS = ("b2b_note", "carrier_id")


class SaleOrder(models.Model):
    """What an ERP reads of an order."""

    _inherit = "sale.order"

    def _prepare_erp_orders(self):
        """Return what an ERP reads of these orders (sudo), in their order.

        The number of queries does not grow with the orders.

        :rtype: list[dict]
        """
        self.fetch(self._get_erp_fields())
        partners = self.partner_id | self.partner_invoice_id | self.partner_shipping_id
        addresses = partners._prepare_erp_addresses()
        payments = self._get_erp_payments()
        lines = self._prepare_erp_lines()
        return [
            order._prepare_erp_order(addresses, payments[order.id], lines[order.id])
            for order in self
        ]

    @api.model
    def _get_erp_fields(self):
        """Return the names of the fields that are read of an order.

        Hook: addons add those of the keys that they add in ``_prepare_erp_order``.

        :rtype: list[str]
        """
        return [*ORDER_FIELDS, *(name for name in OPTIONAL_FIELDS if name in self._fields)]

    def _prepare_erp_order(self, addresses, payment, lines):
        """Return what an ERP reads of one order; its keys are in ``docs/feed.md``.

        Hook: addons add keys of their own to what super returns, and their fields to those of
        ``_get_erp_fields``; texts "" for none, amounts as decimal texts, never None.

        :param dict addresses: ``{partner id: dict}``
        :param tuple payment: amount paid, name of the method
        :param list[dict] lines: what the ERP reads of the lines
        :rtype: dict
        """
        self.ensure_one()
        return {
            "id": self.id,
            "name": text(self.name),
            "external_ref": text(self.external_ref),
            "document_type": self.document_type,
            "state": self._get_erp_state(),
            "placed_at": moment(self.erp_placed_at or self.date_order or self.create_date),
            "currency": self.currency_id.name,
            "currency_rate": decimal_text(self.currency_rate or 1.0, RATE_DIGITS),
            "client_order_ref": text(self.client_order_ref),
            "requested_date": moment(self.commitment_date),
            "note": self._get_erp_note(),
            "customer": addresses[self.partner_id.id],
            "invoice_address": addresses[self.partner_invoice_id.id],
            "delivery_address": addresses[self.partner_shipping_id.id],
            "payment": self._prepare_erp_payment(payment),
            "carrier": text(self["carrier_id"].name) if "carrier_id" in self._fields else "",
            "lines": lines,
            "totals": self._prepare_erp_totals(),
        }

    def _get_erp_state(self):
        # One that was set back to a quotation is no order any more, until it is placed again.
        return STATES.get(self.state, "placed") if self.was_placed else "cancelled"

    def _get_erp_note(self):
        """Return the customer's own words, then the order's note, as plain text."""
        buyer = self["b2b_note"] if "b2b_note" in self._fields else ""
        return "\n\n".join(filter(None, (text(buyer), text(html2plaintext(self.note or "")))))

    # === AMOUNTS === #

    def _get_erp_totals(self):
        """Return net, tax and gross of the order in the smallest unit of its currency."""
        digits = self.currency_id.decimal_places
        net, gross = to_units(self.amount_untaxed, digits), to_units(self.amount_total, digits)
        return net, gross - net, gross

    def _prepare_erp_totals(self):
        digits = self.currency_id.decimal_places
        return {
            name: from_units(units, digits)
            for name, units in zip(("net", "tax", "gross"), self._get_erp_totals(), strict=True)
        }

    def _prepare_erp_lines(self):
        """Return ``{order id: [what an ERP reads of its lines]}``; sections and notes are none."""
        lines = self.env["sale.order.line"].search_fetch(
            [("order_id", "in", self.ids), ("display_type", "=", False)],
            self.env["sale.order.line"]._get_erp_fields(),
            order="order_id, sequence, id",
        )
        articles, prices = lines._get_erp_articles(), lines._get_erp_unit_prices()
        found = {order.id: [] for order in self}
        for order, order_lines in lines.grouped("order_id").items():
            amounts = order._get_erp_line_amounts(order_lines)
            found[order.id] = [
                line._prepare_erp_line(articles.get(line.product_id.id), price, amount)
                for line, price, amount in zip(
                    order_lines, (prices[line.id] for line in order_lines), amounts, strict=True
                )
            ]
        return found

    def _get_erp_line_amounts(self, lines):
        """Return ``[(net, tax)]`` of the lines, which add up to the order's totals.

        What is stored of the lines is what the customer was shown. With taxes rounded once an
        order it need not add up; then core says which line takes the difference, and what core
        has no line for (a cash discount that lowers the tax) is shared out.
        """
        digits = self.currency_id.decimal_places
        net, tax, gross = self._get_erp_totals()
        nets = [to_units(line.price_subtotal, digits) for line in lines]
        grosses = [to_units(line.price_total, digits) for line in lines]
        if sum(nets) != net or sum(grosses) != gross:
            return settle(self._compute_erp_line_amounts(lines), net, tax)
        return [
            (line_net, line_gross - line_net)
            for line_net, line_gross in zip(nets, grosses, strict=True)
        ]

    def _compute_erp_line_amounts(self, lines):
        """Return ``[(net, tax)]`` of the lines as core rounds them for the whole order."""
        taxes, digits = self.env["account.tax"], self.currency_id.decimal_places
        base_lines = [line._prepare_base_line_for_taxes_computation() for line in lines]
        others = self._add_base_lines_for_early_payment_discount()
        taxes._add_tax_details_in_base_lines(base_lines + others, self.company_id)
        taxes._round_base_lines_tax_details(base_lines + others, self.company_id)
        amounts = []
        for details in (base_line["tax_details"] for base_line in base_lines):
            net = details["total_excluded_currency"] + details["delta_total_excluded_currency"]
            tax = sum(tax_data["tax_amount_currency"] for tax_data in details["taxes_data"])
            amounts.append((to_units(net, digits), to_units(tax, digits)))
        return amounts

    # === PAYMENT === #

    def _prepare_erp_payment(self, payment):
        paid, method = payment
        return {
            "method": method,
            "terms": text(self.payment_term_id.name),
            "paid": decimal_text(paid, self.currency_id.decimal_places),
        }

    def _get_erp_payments(self):
        """Return ``{order id: (amount paid, name of the method)}``.

        Paid is what was taken, refunds off; what is merely authorised is not. The method is that
        of the last payment that was not given up.
        """
        found = dict.fromkeys(self.ids, (0.0, ""))
        for order_id, paid, method in self._fetch_erp_payments():
            found[order_id] = (paid, self._translate_erp_name(method))
        return found

    def _fetch_erp_payments(self):
        return self.env.execute_query(
            SQL(
                """
                WITH RECURSIVE family AS (
                    SELECT sale_order_id, transaction_id
                      FROM sale_order_transaction_rel
                     WHERE sale_order_id = ANY(%s)
                     UNION
                    -- Captures and refunds are no transactions of the order, but of its payment;
                    -- a capture has refunds of its own.
                    SELECT family.sale_order_id, child.id
                      FROM family
                      JOIN payment_transaction child
                        ON child.source_transaction_id = family.transaction_id
                ), tx AS (
                    SELECT family.sale_order_id, own.*,
                           -- As Odoo's accounting has it: what was taken in parts is those parts.
                           EXISTS (
                               SELECT FROM payment_transaction part
                                WHERE part.source_transaction_id = own.id
                                  AND part.operation IS DISTINCT FROM 'refund'
                                  AND part.state IN ('done', 'cancel')
                           ) AS is_in_parts
                      FROM family JOIN payment_transaction own ON own.id = family.transaction_id
                )
                SELECT tx.sale_order_id,
                       COALESCE(SUM(tx.amount) FILTER (
                           WHERE tx.state = 'done' AND NOT tx.is_in_parts), 0),
                       (ARRAY_AGG(method.name ORDER BY tx.id DESC) FILTER (
                           WHERE tx.state IN ('pending', 'authorized', 'done')
                             AND tx.source_transaction_id IS NULL))[1]
                  FROM tx
             LEFT JOIN payment_method method ON method.id = tx.payment_method_id
              GROUP BY tx.sale_order_id
                """,
                self.ids,
            )
        )

    @api.model
    def _translate_erp_name(self, names):
        """Return the text of a translated column in the language of what is exported."""
        return text((names or {}).get(self.env.lang or "en_US") or (names or {}).get("en_US"))
