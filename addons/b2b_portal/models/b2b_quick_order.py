from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.b2b_pricelist.pricing import PriceLine

from .. import quick_order_parser as parser


class B2bQuickOrder(models.AbstractModel):
    """Turn the rows that a buyer typed, pasted or uploaded into articles with today's prices.

    Nothing is stored: the preview page carries the rows, and each step reads them anew.
    """

    _name = "b2b.quick.order"
    _description = "B2B Quick Order"

    @api.model
    def _parse(self, cells=(), text="", upload=None):
        """Read everything the buyer typed, pasted and uploaded at once.

        :param cells: typed rows, tuples (SKU, quantity)
        :param str text: pasted rows
        :param tuple upload: name and content of a file
        :rtype: ParsedRows
        :raise UserError: when it is refused as a whole, with the reason and the cap
        """
        try:
            parts = [parser.parse_table(cells, has_header=False), parser.parse_text(text)]
            if upload:
                parts.append(parser.parse_file(*upload))
            rows = [row for part in parts for row in part.rows]
            if len(rows) > parser.MAX_ROWS:
                raise parser.QuickOrderError("too_many_rows")
        except parser.QuickOrderError as error:
            raise UserError(self._get_refusal_message(error.code)) from error
        if sum(bool(part.rows) for part in parts) > 1:
            # Numbers of one list mean nothing beside those of another.
            for number, row in enumerate(rows, start=1):
                row.number = number
        return parser.ParsedRows(rows, sum(part.skipped for part in parts if part.rows))

    @api.model
    def _get_refusal_message(self, code):
        """Return the words for a list that is refused as a whole.

        :param str code: see `QuickOrderError`
        :rtype: str
        """
        return {
            "too_large": self.env._("The list is too large: at most 5 MiB. Nothing was read."),
            "too_many_rows": self.env._(
                "The list is too long: at most %(maximum)s rows. Nothing was read.",
                maximum=parser.MAX_ROWS,
            ),
            "unreadable": self.env._(
                "The file cannot be read. Please save it as CSV or XLSX. Nothing was read."
            ),
            "encoding": self.env._(
                "The encoding of the file is unknown. Please save it as UTF-8. Nothing was read."
            ),
        }[code]

    @api.model
    def _evaluate(self, agreement, parsed, priced=True):
        """Find article, unit and price of every row.

        :param b2b.agreement agreement: in force
        :param ParsedRows parsed: of the parser
        :param bool priced: False leaves the prices out, for rows that are added at once
        :return: a dict per row, none left out: `number`, `sku`, `raw_quantity`, `quantity`,
            `state` (`ok`; `merged` = added to the row `merged_into`; `rejected`), `reason`,
            `product`, `uom`, and for `ok` rows `net`, `subtotal`, `currency`, and `total_quantity`
            with the merged rows in it
        :rtype: list[dict]
        """
        company = agreement._get_selling_company()
        # sudo: portal users do not read products; the shop's domain is applied
        Product = self.env["product.product"].sudo().with_company(company)
        found = Product._find_b2b_codes(company, [row.sku for row in parsed.rows if not row.error])
        rows = [self._evaluate_row(row, found) for row in parsed.rows]
        self._merge_rows(rows)
        self._reject_bad_totals(rows)
        if priced:
            self._price_rows(agreement, rows)
        return rows

    def _evaluate_row(self, row, found):
        values = {
            "number": row.number,
            "sku": row.sku,
            "raw_quantity": row.raw_quantity,
            "quantity": row.quantity,
            "state": "ok",
            "reason": "",
            "product": None,
        }
        reason = row.error and self._get_error_message(row.error)
        if not reason:
            products = found.get(row.sku.lower(), ())
            if len(products) == 1:
                values["product"] = products
                values["uom"] = products.uom_id
                if not products.uom_id.round(row.quantity):
                    reason = self._get_error_message("zero_quantity")
            elif products:
                reason = self.env._(
                    "Ambiguous: several articles have this code (%(articles)s)",
                    articles=", ".join(
                        product.default_code or product.barcode for product in products[:5]
                    ),
                )
            else:
                reason = self.env._("Unknown, or no longer sold")
        if reason:
            values.update(state="rejected", reason=reason)
        return values

    @api.model
    def _get_error_message(self, code):
        """Return the words for an error code of the parser.

        :param str code: see `quick_order_parser.Row`
        :rtype: str
        """
        return {
            "no_sku": self.env._("No article in this row"),
            "bad_quantity": self.env._("The quantity is not a number"),
            "zero_quantity": self.env._("The quantity is zero"),
            "negative_quantity": self.env._("The quantity is negative"),
            "absurd_quantity": self.env._(
                "The quantity is too large: at most %(maximum)s", maximum=parser.MAX_QUANTITY
            ),
            "too_many_columns": self.env._(
                "More columns than expected: put a quantity with a comma in quotes"
            ),
        }[code]

    def _merge_rows(self, rows):
        """Add up rows of the same article in the first of them."""
        first = {}
        for values in rows:
            if values["state"] != "ok":
                continue
            head = first.setdefault(values["product"].id, values)
            if head is values:
                values["total_quantity"] = values["quantity"]
                continue
            head["total_quantity"] += values["quantity"]
            values.update(
                state="merged",
                merged_into=head,
                reason=self.env._("Added to row %(number)s", number=head["number"]),
            )

    def _reject_bad_totals(self, rows):
        """Reject what cannot be ordered in that quantity, with all rows that add up to it."""
        for values in rows:
            if values["state"] != "ok":
                continue
            if values["total_quantity"] > parser.MAX_QUANTITY:
                reason = self._get_error_message("absurd_quantity")
            else:
                reason = values["product"]._get_b2b_quantity_problem(
                    values["total_quantity"], values["uom"]
                )
            if reason:
                values.update(state="rejected", reason=reason)
        for values in rows:
            if values["state"] == "merged" and values["merged_into"]["state"] == "rejected":
                values.update(state="rejected", reason=values["merged_into"]["reason"])

    def _price_rows(self, agreement, rows):
        priced = [values for values in rows if values["state"] == "ok"]
        prices = agreement._get_pricer().prices(self._get_wanted(priced))
        for values, price in zip(priced, prices, strict=True):
            values.update(net=price.net, subtotal=price.subtotal, currency=price.currency)

    @api.model
    def _get_wanted(self, rows):
        """Return what to add to the cart.

        :param list rows: of `_evaluate`
        :rtype: list[PriceLine]
        """
        return [
            PriceLine(values["product"], values["total_quantity"], values["uom"])
            for values in rows
            if values["state"] == "ok"
        ]

    @api.model
    def _get_rejected_table(self, rows):
        """Return the rejected rows as a table that can be corrected and uploaded again.

        :param list rows: of `_evaluate`
        :return: header and rows
        :rtype: list[list[str]]
        """
        # The headers are not translated: they are what the upload is sure to know again.
        header = ["sku", "quantity", "reason"]
        return [header] + [
            [values["sku"], values["raw_quantity"], values["reason"]]
            for values in rows
            if values["state"] == "rejected"
        ]
