from psycopg2 import IntegrityError

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools.misc import formatLang

from odoo.addons.b2b_pricelist.pricing import PriceLine
from odoo.addons.order_status_flags.table_csv import MAX_COLUMNS

from ... import quick_order_parser as parser
from ...quick_order_header import PIECES, fold
from ...quick_order_quantity import MAX_QUANTITY

# Each attempt stores lines, at the prices of the whole cart.
MAX_ATTEMPTS = 100


class B2bQuickOrder(models.AbstractModel):
    """Turn the rows that a buyer typed, pasted or uploaded into articles with today's prices.

    Nothing is stored here: `b2b.quick.order.list` keeps what the buyer sent, and each step reads
    it anew, at the prices and articles of that moment.
    """

    _name = "b2b.quick.order"
    _description = "B2B Quick Order"

    # === READING === #

    @api.model
    def _parse(self, cells=(), text="", upload=None, choices=None):
        """Read everything the buyer typed, pasted and uploaded at once.

        :param cells: typed rows, tuples (SKU, quantity, perhaps unit)
        :param str text: pasted rows
        :param tuple upload: name and content of a file
        :param dict choices: `{source: Choice}` for `cells`, `text` and `file`
        :return: rows of all parts, and none while a part has open questions
        :rtype: ParsedRows
        :raise UserError: when it is refused as a whole, with the reason and the cap
        """
        choices = choices or {}
        try:
            parts = {
                "cells": parser.parse_cells(cells, choices.get("cells")),
                "text": parser.parse_text(text, choices.get("text")),
            }
            if upload:
                parts["file"] = parser.parse_file(*upload, choices.get("file"))
            rows = [row for part in parts.values() for row in part.rows]
            if len(rows) > parser.MAX_ROWS:
                raise parser.QuickOrderError("too_many_rows")
        except parser.QuickOrderError as error:
            raise UserError(self._get_refusal_message(error.code)) from error
        parts = {source: part for source, part in parts.items() if part.table.rows}
        if sum(bool(part.rows) for part in parts.values()) > 1:
            # Numbers of one list mean nothing beside those of another.
            for number, row in enumerate(rows, start=1):
                row.number = number
        result = parser.ParsedRows(rows, sum(p.skipped for p in parts.values()), parts=parts)
        if result.open_parts:
            result.rows = []
        return result

    @api.model
    def _get_refusal_message(self, code):
        """Return the words for a list that is refused as a whole.

        :param str code: see `QuickOrderError`
        :rtype: str
        """
        return {
            "too_large": self.env._("The list is too large: at most 5 MiB. Nothing was read."),
            "unpacks": self.env._(
                "The file unpacks to more than can be read. Please save the rows alone in a new"
                " file. Nothing was read."
            ),
            "too_many_rows": self.env._(
                "The list is too long: at most %(maximum)s rows. Nothing was read.",
                maximum=parser.MAX_ROWS,
            ),
            "too_many_cells": self.env._(
                "The sheet has too many cells. Please save the rows alone in a new file. Nothing"
                " was read."
            ),
            "too_many_columns": self.env._(
                "The list has too many columns: at most %(maximum)s. Nothing was read.",
                maximum=MAX_COLUMNS,
            ),
            "unreadable": self.env._(
                "The file cannot be read. Please save it as CSV or XLSX. Nothing was read."
            ),
            "encoding": self.env._(
                "The encoding of the file is unknown. Please save it as UTF-8. Nothing was read."
            ),
            "no_sheet": self.env._("The file has no such visible sheet. Nothing was read."),
        }[code]

    # === ROWS === #

    @api.model
    def _evaluate(self, agreement, parsed, priced=True):
        """Find article, unit and price of every row.

        :param b2b.agreement agreement: in force
        :param ParsedRows parsed: of the parser
        :param bool priced: False leaves the prices out, for rows that are added at once
        :return: a dict per row, none left out: `number`, `sku`, `raw_quantity`, `quantity`, `unit`
            (as typed), `two_ways`, `state` (`ok`; `merged` = added to the row `merged_into`;
            `rejected`), `reason`, `product`, `uom`, and for `ok` rows `net`, `subtotal`,
            `currency`, and `total_quantity` with the merged rows in it
        :rtype: list[dict]
        """
        company = agreement._get_selling_company()
        # sudo: portal users do not read products; the shop's domain is applied
        Product = self.env["product.product"].sudo().with_company(company)
        codes = [row.sku for row in parsed.rows if not row.error]
        found = Product._find_b2b_codes(company, codes)
        packs = Product._find_b2b_packs(company, codes)
        # Our codes come first: the customer's own is asked where they say nothing.
        known = found.keys() | packs.keys()
        unknown = [code for code in codes if code.lower() not in known]
        found.update(Product._find_b2b_customer_codes(company, agreement.partner_id, unknown))
        names = self._get_unit_names(parsed.rows, found, packs)
        rows = [self._evaluate_row(row, found, packs, names) for row in parsed.rows]
        self._merge_rows(rows)
        self._reject_bad_totals(rows, self.env["sale.order"]._get_b2b_cart(agreement))
        if priced:
            self._price_rows(agreement, rows)
        return rows

    def _evaluate_row(self, row, found, packs, names):
        values = {
            "number": row.number,
            "sku": row.sku,
            "raw_quantity": row.raw_quantity,
            "quantity": row.quantity,
            "unit": row.unit,
            "two_ways": row.two_ways,
            "state": "ok",
            "reason": "",
            "product": None,
        }
        try:
            if row.error:
                raise UserError(self._get_error_message(row.error))
            product, pack = self._choose_article(row, found, packs)
            values["product"] = product
            values["uom"] = self._choose_unit(row, product, pack, names)
            if not values["uom"].round(row.quantity):
                raise UserError(self._get_error_message("zero_quantity"))
        except UserError as error:
            values.update(state="rejected", reason=str(error))
        return values

    def _choose_article(self, row, found, packs):
        """Return the product that a code means, and the unit when it is the code of a pack.

        :raise UserError: when it is none, or more than one
        """
        code = row.sku.lower()
        products = found.get(code, ())
        if len(products) == 1 and code not in packs:
            return products, None
        articles = [(product, None) for product in products] + packs.get(code, [])
        if not articles:
            raise UserError(self.env._("Unknown, or no longer sold"))
        if len(articles) > 1:
            raise UserError(
                self.env._(
                    "Ambiguous: several articles have this code (%(articles)s)",
                    articles=", ".join(
                        product.default_code or product.barcode or product.name
                        for product, _pack in articles[:5]
                    ),
                )
            )
        return articles[0]

    def _choose_unit(self, row, product, pack, names):
        """Return the unit of a row: by its column, else by the code, else the article's own.

        :param uom.uom pack: unit of the pack whose code the row has, or None
        :raise UserError: when the article is not sold in it
        """
        if not row.unit:
            return pack or product.uom_id
        word = self._fold_unit(row.unit)
        fitting = product._get_b2b_uoms().filtered(lambda uom: word in names[uom.id])
        if pack:
            fitting &= pack
        if len(fitting) != 1:
            raise UserError(
                self.env._(
                    "%(product)s is not sold in %(unit)s.",
                    product=product.display_name,
                    unit=row.unit,
                )
            )
        return fitting

    @api.model
    def _get_unit_names(self, rows, found, packs):
        """Return what the units of articles are called, in every language of the database.

        :return: `{unit id: names}`; empty when no row names a unit
        :rtype: dict
        """
        if not any(row.unit for row in rows):
            return {}
        # sudo: the articles were found for the buyer, who does not read units
        products = self.env["product.product"].sudo().union(*found.values())
        products = products.union(*(product for one in packs.values() for product, _uom in one))
        uoms = products.uom_id | products.uom_ids
        names = {uom.id: set() for uom in uoms}
        for code, _name in self.env["res.lang"].get_installed():
            for uom in uoms.with_context(lang=code):
                names[uom.id].add(self._fold_unit(uom.name))
        pieces = self.env.ref("uom.product_uom_unit", raise_if_not_found=False)
        if pieces and pieces.id in names:
            names[pieces.id] |= PIECES | {"unit", "units", "ea", "each"}
        return names

    @api.model
    def _fold_unit(self, name):
        return fold(name).rstrip(".")

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
                "The quantity is too large: at most %(maximum)s",
                maximum=self._format_count(MAX_QUANTITY),
            ),
            "too_many_columns": self.env._(
                "More columns than expected: put a quantity with a comma in quotes"
            ),
            "surplus_cells": self.env._(
                "The row has more cells than the header: put a text with a separator in quotes"
            ),
            "quotes": self.env._(
                "A quotation mark may have joined two rows: take it out, or save the file anew"
            ),
            "formula": self.env._(
                "A formula without its result: open the file in a spreadsheet and save it"
            ),
            "merged": self.env._("A merged cell: write the value into each row"),
            "error": self.env._("A formula that shows an error"),
            "format": self.env._(
                "The cell shows something else than it holds: format it as text or number"
            ),
            "struck": self.env._("The cell is crossed out, or a part of it is"),
            "ink": self.env._("The text of the cell has the colour of its background"),
            "other_header": self.env._(
                "The row stands below another header: put it into a list of its own"
            ),
            "cut_short": self.env._(
                "The number was cut short: format the column as text before you save the file"
            ),
        }[code]

    def _merge_rows(self, rows):
        """Add up rows of the same article and unit in the first of them."""
        first = {}
        for values in rows:
            if values["state"] != "ok":
                continue
            head = first.setdefault((values["product"].id, values["uom"].id), values)
            if head is values:
                values["total_quantity"] = values["quantity"]
                continue
            head["total_quantity"] += values["quantity"]
            values.update(
                state="merged",
                merged_into=head,
                reason=self.env._("Added to row %(number)s", number=head["number"]),
            )

    def _reject_bad_totals(self, rows, cart):
        """Reject what cannot be ordered in that quantity, with all rows that add up to it.

        :param list rows: of `_evaluate`
        :param sale.order cart: what it has already counts for minimum and multiples
        """
        present = self._get_present(cart)
        for values in rows:
            if values["state"] != "ok":
                continue
            if values["total_quantity"] > MAX_QUANTITY:
                reason = self._get_error_message("absurd_quantity")
            else:
                there = present.get((values["product"].id, values["uom"].id), 0.0)
                reason = values["product"]._get_b2b_added_problem(
                    values["total_quantity"], values["uom"], there
                )
            if reason:
                values.update(state="rejected", reason=reason)
        self._reject_merged(rows)

    def _reject_merged(self, rows):
        """Reject what was added to a row that is rejected."""
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
        rejected = [values for values in rows if values["state"] == "rejected"]
        names = ["sku", "raw_quantity", "reason"]
        if any(values["unit"] for values in rejected):
            names.insert(2, "unit")
        header = ["quantity" if name == "raw_quantity" else name for name in names]
        return [header] + [[values[name] for name in names] for values in rejected]

    # === INTO AN ORDER === #

    @api.model
    def _add_rows(self, order, rows):
        """Add the accepted rows to a cart or template; a row that is refused stops no other.

        Rows that the order refuses become rejected ones with the reason, whichever addon it
        comes from.

        :param sale.order order: a locked cart or template, in sudo mode
        :param list rows: of `_evaluate`
        :return: how many rows were added
        :rtype: int
        """
        self._reject_above_cap(order, rows)
        left = [[values for values in rows if values["state"] == "ok"]]
        for _attempt in range(MAX_ATTEMPTS):
            part = left.pop() if left else []
            reason = part and self._try_to_add(order, part)
            if reason and len(part) > 1:
                # Halves: one bad row of thousands is found in a dozen attempts.
                middle = len(part) // 2
                left += [part[middle:], part[:middle]]
            elif reason:
                part[0].update(state="rejected", reason=reason)
        for values in (values for part in left for values in part):
            reason = self.env._("Not added, as too many rows of the list were refused")
            values.update(state="rejected", reason=reason)
        self._reject_merged(rows)
        return sum(values["state"] == "ok" for values in rows)

    def _try_to_add(self, order, rows):
        """Add rows, or nothing and return why.

        :rtype: str
        """
        wanted = self._get_wanted(rows)
        try:
            with self.env.cr.savepoint():
                if order.b2b_qualifier == "template":
                    order._add_b2b_template_lines(wanted)
                else:
                    order._add_b2b_lines(wanted)
        except UserError as error:
            return str(error)
        except IntegrityError:
            return self.env._("This article cannot be ordered.")
        return ""

    def _reject_above_cap(self, order, rows):
        """Reject rows that are too much together with what the order has already."""
        present = self._get_present(order)
        for values in rows:
            if values["state"] != "ok":
                continue
            there = present.get((values["product"].id, values["uom"].id), 0.0)
            if there + values["total_quantity"] > MAX_QUANTITY:
                values.update(state="rejected", reason=self._get_error_message("absurd_quantity"))

    @api.model
    def _check_cap(self, order, product, uom, quantity):
        """Refuse a quantity that is too large together with what the order has already.

        :param sale.order order: a cart or template
        :param float quantity: to be added, in the unit
        :raise UserError: with the reason
        """
        if self._get_present(order).get((product.id, uom.id), 0.0) + quantity > MAX_QUANTITY:
            raise UserError(self._get_error_message("absurd_quantity"))

    def _get_present(self, order):
        """Return what an order has already: `{(product id, unit id): quantity}`."""
        present = {}
        for line in order.order_line:
            key = (line.product_id.id, line.product_uom_id.id)
            present[key] = present.get(key, 0.0) + line.product_uom_qty
        return present

    # === WORDS === #

    @api.model
    def _format_count(self, count):
        """Return a whole number in the reader's language.

        :param int count: how many
        :rtype: str
        """
        return formatLang(self.env, count, digits=0)
