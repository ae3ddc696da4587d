import json

from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from ..models.b2b_quick_order.reading import NO_COLUMN, SEPARATORS
from ..quick_order_parser import MAX_BYTES, MAX_ROWS, Choice
from ..quick_order_parser import NO_COLUMN as NO_COLUMN_INDEX
from .shop import B2BShopPortal

EMPTY_ROWS = 6
# of the form, beside the rows that are typed
OTHER_FIELDS = 10
URL = "/my/b2b/quick-order"
SOURCES = ("text", "file")
ASPECTS = ("separator", "sheet", "was", "sku", "quantity", "unit")
CHOICES = ("thousands", *(f"{source}_{aspect}" for source in SOURCES for aspect in ASPECTS))


class B2BQuickOrderPortal(B2BShopPortal):
    """Quick order: rows in, preview, then into the cart or a template.

    What the buyer sent is kept (`b2b.quick.order.list`), and the preview is a page of its own, so
    that Back leads to it. Each step reads the list anew, at the prices and articles of that
    moment. How a list is to be read otherwise is said in the address of the preview.
    """

    # === PREVIEW === #

    @http.route(URL, type="http", auth="b2b", website=True, methods=["GET"])
    def portal_b2b_quick_order(self, **kwargs):
        """Show the form, and the preview of a list.

        :param str list: id of an own list
        :param str thousands: 1 reads `1,000` as a thousand
        :param str text_sku: column of the article in the pasted rows; likewise `text_quantity`,
            `text_unit`, `text_separator`, and `file_...` with `file_sheet` for an upload
        """
        agreement = request.b2b_agreement
        if "list" not in kwargs:
            return self._render_b2b_quick_order(agreement)
        kept = self._get_b2b_list(kwargs)
        if not kept:
            return self._render_b2b_quick_order(agreement, problem=self._get_b2b_gone_words())
        QuickOrder = request.env["b2b.quick.order"]
        if kept.refusal:
            problem = QuickOrder._get_refusal_message(kept.refusal)
            return self._render_b2b_quick_order(agreement, kept, problem)
        try:
            parsed = kept._parse(self._read_b2b_choices(kwargs))
        except UserError as error:
            return self._render_b2b_quick_order(agreement, kept, str(error))
        rows = QuickOrder._evaluate(agreement, parsed)
        if not rows and not parsed.open_parts:
            problem = request.env._("There are no rows. Type, paste or upload some.")
            return self._render_b2b_quick_order(agreement, kept, problem, parsed, choices=kwargs)
        return self._render_b2b_quick_order(agreement, kept, "", parsed, rows, kwargs)

    @http.route(
        URL,
        type="http",
        auth="b2b",
        website=True,
        methods=["POST"],
        # one row more than allowed is enough to tell
        b2b_max_form_parts=2 * (MAX_ROWS + 1) + OTHER_FIELDS,
    )
    def portal_b2b_quick_order_preview(self, **kwargs):
        """Keep a list, and lead to its preview.

        Fields `sku` and `quantity` (repeated), `text`, file `upload`.
        """
        form = request.httprequest.form
        skus, quantities = form.getlist("sku"), form.getlist("quantity")
        cells = [
            [sku.replace("\x00", ""), quantity.replace("\x00", "")]
            for sku, quantity in zip(
                skus[: MAX_ROWS + 1], [*quantities, *[""] * len(skus)], strict=False
            )
        ]
        text, upload = form.get("text") or "", self._read_b2b_upload()
        if not upload and not text.strip() and not any(sku or one for sku, one in cells):
            problem = request.env._("There are no rows. Type, paste or upload some.")
            self._add_b2b_message(problem, "danger")
            return self._b2b_redirect(URL)
        refusal = ""
        if len(text.encode("utf-8", "replace")) > MAX_BYTES:
            text, refusal = "", "too_large"
        if upload and len(upload[1]) > MAX_BYTES:
            upload, refusal = None, "too_large"
        kept = request.env["b2b.quick.order.list"]._keep(cells, text, upload, refusal)
        return self._b2b_redirect(f"{URL}?list={kept.id}")

    def _read_b2b_upload(self):
        upload = request.httprequest.files.get("upload")
        if not upload or not upload.filename:
            return None
        # One byte more than allowed is enough to know.
        return upload.filename, upload.stream.read(MAX_BYTES + 1)

    def _get_b2b_list(self, params):
        """Return the own list that a request names, empty when it is gone."""
        list_id = self._read_id(params.get("list"))
        return request.env["b2b.quick.order.list"]._get_own(list_id or 0)

    def _read_b2b_choices(self, params):
        """Return what the buyer says about how a list is to be read.

        :param dict params: of the request
        :return: `{source: Choice}`
        :rtype: dict
        """
        thousands = bool(params.get("thousands"))
        choices = {"cells": Choice(thousands=thousands)}
        for source in SOURCES:
            one = {name: self._read_text(params.get(f"{source}_{name}")) for name in ASPECTS}
            choice = choices[source] = Choice(
                separator=SEPARATORS.get(one["separator"]),
                sheet=one["sheet"] or None,
                thousands=thousands,
            )
            # Columns of another sheet, or cut by another separator, say nothing of this one.
            before_separator, _slash, before_sheet = one["was"].partition("/")
            if (one["separator"] or before_separator, one["sheet"] or before_sheet) == (
                before_separator,
                before_sheet,
            ):
                choice.sku = self._read_b2b_column(one["sku"])
                choice.quantity = self._read_b2b_column(one["quantity"])
                choice.unit = self._read_b2b_column(one["unit"])
        return choices

    def _read_b2b_column(self, text):
        if text == NO_COLUMN:
            return NO_COLUMN_INDEX
        column = self._read_id(text)
        return None if column is False else column

    def _render_b2b_quick_order(
        self, agreement, kept=None, problem="", parsed=None, rows=(), choices=None
    ):
        """Render the form, with the preview of a list when there is one.

        :param b2b.quick.order.list kept: the list
        :param str problem: why there is no preview
        :param ParsedRows parsed: of the list
        :param list rows: of `_evaluate`
        :param dict choices: of the request
        """
        QuickOrder = request.env["b2b.quick.order"]
        priced = [row for row in rows if row["state"] == "ok"]
        parts = parsed.parts if parsed else {}
        choices = choices or {}
        products = request.env["product.product"].sudo()  # found for the buyer already
        products = products.union(*(row["product"] for row in rows if row["product"]))
        values = self._b2b_values(
            agreement,
            "b2b_quick_order",
            kept=kept,
            rows=rows,
            own_codes=products._get_b2b_customer_codes(agreement.partner_id),
            problem=problem,
            text=(kept.text or "") if kept and problem else "",
            accepted=priced,
            rejected=[row for row in rows if row["state"] == "rejected"],
            merged=[row for row in rows if row["state"] == "merged"],
            skipped=" ".join(str(row["number"]) for row in rows if row["state"] == "rejected"),
            two_ways=any(row["two_ways"] for row in rows),
            thousands=bool(choices.get("thousands")),
            parts=[
                QuickOrder._describe_part(source, parts[source], kept.filename)
                if source == "file"
                else QuickOrder._describe_part(source, parts[source])
                for source in SOURCES
                if source in parts
            ],
            is_open=bool(parsed and parsed.open_parts),
            carried=[
                (name, choices[name])
                for name in CHOICES
                if isinstance(choices.get(name), str) and choices[name]
            ],
            untaxed=sum(row["subtotal"] for row in priced),
            currency=agreement._get_price_currency(),
            templates=self._get_b2b_own_templates(agreement),
            max_rows=QuickOrder._format_count(MAX_ROWS),
            format_count=QuickOrder._format_count,
            empty_rows=range(EMPTY_ROWS),
        )
        return self._b2b_render("b2b_portal.portal_b2b_quick_order", values)

    def _get_b2b_own_templates(self, agreement):
        templates = request.env["sale.order"]._get_b2b_templates(agreement)
        return templates.filtered(lambda one: one.partner_id == request.env.user.partner_id)

    # === WHAT FOLLOWS === #

    @http.route(
        [f"{URL}/add", f"{URL}/rejected"],
        type="http",
        auth="b2b",
        website=True,
        methods=["GET"],
    )
    def portal_b2b_quick_order_again(self, **kwargs):
        """Lead back to the preview whoever had to log in at a button of it."""
        kept = request.env["b2b.quick.order.list"]._get_own()[:1]
        return self._b2b_redirect(f"{URL}?list={kept.id}" if kept else URL)

    @http.route(f"{URL}/add", type="http", auth="b2b", website=True, methods=["POST"])
    def portal_b2b_quick_order_add(self, target="cart", template_id=None, name="", **kwargs):
        """Put the accepted rows of the preview into the cart or a template.

        :param str list: id of the list, with the choices of the preview
        :param str rows: JSON list of SKU, quantity and perhaps unit, in place of a list
        :param str target: `cart` or `template`
        :param str template_id: an own template; without one a new one is made
        :param str name: of the new template
        :param str key: of the page; a second click on the same button adds nothing twice
        """
        agreement = request.b2b_agreement
        kept = self._get_b2b_list(kwargs)
        parts = (kwargs.get("key"), target, template_id, name)
        key = "|".join(self._read_text(part)[:100] for part in parts)
        if kept and kwargs.get("key") and key == kept.added_key:
            self._add_b2b_message(request.env._("This list has been added already."), "info")
            return self._b2b_redirect(f"/my/b2b/{'templates' if target == 'template' else 'cart'}")
        try:
            parsed = self._read_b2b_list(kept, kwargs)
        except UserError as error:
            return self._render_b2b_quick_order(agreement, kept, problem=str(error))
        QuickOrder = request.env["b2b.quick.order"]
        rows = QuickOrder._evaluate(agreement, parsed, priced=False)
        if not any(row["state"] == "ok" for row in rows):
            problem = request.env._("None of these rows can be ordered any more.")
            return self._render_b2b_quick_order(agreement, kept, problem=problem)
        try:
            # Of a refusal (too many templates, another addon's rule) nothing is left behind.
            with request.env.cr.savepoint():
                if target == "template":
                    url, count = self._add_b2b_rows_to_template(
                        agreement, rows, template_id, self._read_text(name)
                    )
                else:
                    url, count = self._add_b2b_rows_to_cart(agreement, rows)
        except UserError as error:
            return self._render_b2b_quick_order(agreement, kept, problem=str(error))
        self._tell_b2b_rows(rows, count)
        if kept and count:
            kept.write({"was_added": True, "added_key": key})
        return self._b2b_redirect(url)

    def _read_b2b_list(self, kept, params):
        """Read the list of a request, or the rows that it brings.

        :rtype: ParsedRows
        :raise UserError: when it is refused as a whole
        """
        if not kept:
            if "list" in params:
                raise UserError(self._get_b2b_gone_words())
            carried = self._read_b2b_carried()
            return request.env["b2b.quick.order"]._parse([row[:3] for row in carried])
        parsed = kept._parse(self._read_b2b_choices(params))
        # Only what the preview showed as accepted is added, whatever became of the others.
        skipped = set(self._read_text(params.get("skip")).split())
        parsed.rows = [row for row in parsed.rows if str(row.number) not in skipped]
        return parsed

    def _get_b2b_gone_words(self):
        return request.env._("This list is no longer kept. Please enter it again.")

    def _read_b2b_carried(self):
        """Return the rows that a form carries: lists of text.

        :rtype: list[list[str]]
        """
        try:
            rows = json.loads(request.httprequest.form.get("rows") or "[]")
        except (ValueError, RecursionError):
            return []
        if not isinstance(rows, list):
            return []
        return [
            # JSON knows lone surrogates, the database does not.
            [str(cell).encode("utf-8", "replace").decode() for cell in row]
            for row in rows[: MAX_ROWS + 1]
            if isinstance(row, list)
            and len(row) in (2, 3)
            and all(isinstance(cell, (str, int, float)) for cell in row)
        ]

    def _tell_b2b_rows(self, rows, count):
        """Say how many rows were added, and why others were not: since the preview, that is."""
        messages = []
        if count:
            messages.append(("success", self._get_b2b_added_words(count)))
        messages += [
            ("danger", f"{row['sku'][:100]}: {row['reason']}")
            for row in rows
            if row["state"] == "rejected"
        ]
        self._add_b2b_messages(messages)

    def _add_b2b_rows_to_cart(self, agreement, rows):
        """Add rows to the cart. Return where to go on, and how many rows were added."""
        cart = request.env["sale.order"]._get_b2b_cart(agreement, create=True)
        cart._lock_b2b_cart()
        return "/my/b2b/cart", request.env["b2b.quick.order"]._add_rows(cart, rows)

    def _add_b2b_rows_to_template(self, agreement, rows, template_id, name):
        """Add rows to an own template, or to a new one.

        :return: where to go on, and how many rows were added
        :rtype: tuple[str, int]
        :raise UserError: when the chosen template is none of the buyer's any more
        """
        template = self._get_b2b_own_templates(agreement).filtered(
            lambda one: one.id == self._read_id(template_id)
        )
        if template_id and not template:
            raise UserError(
                request.env._("This template was deleted meanwhile. Please choose another one.")
            )
        is_new = not template
        # sudo: portal users have no write access to orders; it is their own template
        template = template.sudo() or request.env["sale.order"]._create_b2b_template(
            agreement, name
        )
        template = template.with_company(agreement._get_selling_company())
        template._lock_b2b_cart()
        count = request.env["b2b.quick.order"]._add_rows(template, rows)
        if is_new and not count:
            template.unlink()
            return URL, 0
        return f"/my/b2b/templates/{template.id}", count

    @http.route(f"{URL}/rejected", type="http", auth="b2b", website=True, methods=["POST"])
    def portal_b2b_quick_order_rejected(self, **kwargs):
        """Download the rejected rows of the preview, to correct and upload them again."""
        agreement = request.b2b_agreement
        QuickOrder = request.env["b2b.quick.order"]
        kept = self._get_b2b_list(kwargs)
        if kept:
            try:
                parsed = kept._parse(self._read_b2b_choices(kwargs))
            except UserError as error:
                return self._render_b2b_quick_order(agreement, kept, problem=str(error))
            table = QuickOrder._get_rejected_table(
                QuickOrder._evaluate(agreement, parsed, priced=False)
            )
        else:
            table = QuickOrder._get_rejected_table([]) + self._read_b2b_carried()
        return self._b2b_csv(table, "rejected-rows.csv")
