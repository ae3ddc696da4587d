import json

from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.order_status_flags.tools.csv_export import make_csv

from ..quick_order_parser import MAX_BYTES, MAX_ROWS
from .shop import B2BShopPortal

EMPTY_ROWS = 6
# of the form, beside the rows that are typed
OTHER_FIELDS = 10


class B2BQuickOrderPortal(B2BShopPortal):
    """Quick order: rows in, preview, then into the cart or a template.

    Nothing is kept between the steps: the preview carries the rows, and every step reads them
    anew, at the prices and articles of that moment.
    """

    @http.route("/my/b2b/quick-order", type="http", auth="b2b", website=True, methods=["GET"])
    def portal_b2b_quick_order(self, **kwargs):
        """Show the form."""
        agreement = request.b2b_agreement
        return self._render_b2b_quick_order(agreement)

    @http.route(
        "/my/b2b/quick-order",
        type="http",
        auth="b2b",
        website=True,
        methods=["POST"],
        # one row more than allowed is enough to tell
        b2b_max_form_parts=2 * (MAX_ROWS + 1) + OTHER_FIELDS,
    )
    def portal_b2b_quick_order_preview(self, **kwargs):
        """Preview the rows: fields `sku` and `quantity` (repeated), `text`, file `upload`."""
        agreement = request.b2b_agreement
        try:
            rows = self._read_b2b_rows(agreement)
        except UserError as error:
            return self._render_b2b_quick_order(agreement, problem=str(error))
        if not rows:
            problem = request.env._("There are no rows. Type, paste or upload some.")
            return self._render_b2b_quick_order(agreement, problem=problem)
        return self._render_b2b_quick_order(agreement, rows=rows)

    def _read_b2b_rows(self, agreement):
        """Read and evaluate what the form brings.

        :rtype: list[dict]
        :raise UserError: when it is refused as a whole
        """
        form = request.httprequest.form
        if "rows" in form:
            cells = [row[:2] for row in self._read_b2b_carried()]
            parsed = request.env["b2b.quick.order"]._parse(cells)
            return request.env["b2b.quick.order"]._evaluate(agreement, parsed, priced=False)
        skus, quantities = form.getlist("sku"), form.getlist("quantity")
        cells = [
            (sku, quantities[index] if index < len(quantities) else "")
            for index, sku in enumerate(skus[: MAX_ROWS + 1])
        ]
        QuickOrder = request.env["b2b.quick.order"]
        parsed = QuickOrder._parse(cells, form.get("text") or "", self._read_b2b_upload())
        return QuickOrder._evaluate(agreement, parsed)

    def _read_b2b_carried(self):
        """Return the rows that the preview carried: lists of text.

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

    def _read_b2b_upload(self):
        upload = request.httprequest.files.get("upload")
        if not upload or not upload.filename:
            return None
        # One byte more than allowed is enough to know.
        return upload.filename, upload.stream.read(MAX_BYTES + 1)

    def _render_b2b_quick_order(self, agreement, rows=None, problem=None):
        rows = rows or []
        priced = [row for row in rows if row["state"] == "ok"]
        QuickOrder = request.env["b2b.quick.order"]
        values = self._b2b_values(
            agreement,
            "b2b_quick_order",
            rows=rows,
            problem=problem,
            text=request.httprequest.form.get("text") or "" if problem else "",
            accepted=priced,
            rejected=[row for row in rows if row["state"] == "rejected"],
            merged=[row for row in rows if row["state"] == "merged"],
            carried_accepted=json.dumps(
                [[row["sku"], row["raw_quantity"]] for row in rows if row["state"] != "rejected"]
            ),
            carried_rejected=json.dumps(QuickOrder._get_rejected_table(rows)[1:]),
            untaxed=sum(row["subtotal"] for row in priced),
            currency=agreement._get_price_currency(),
            templates=self._get_b2b_own_templates(agreement),
            max_rows=MAX_ROWS,
            empty_rows=range(EMPTY_ROWS),
        )
        return self._b2b_render("b2b_portal.portal_b2b_quick_order", values)

    def _get_b2b_own_templates(self, agreement):
        templates = request.env["sale.order"]._get_b2b_templates(agreement)
        return templates.filtered(lambda one: one.partner_id == request.env.user.partner_id)

    @http.route("/my/b2b/quick-order/add", type="http", auth="b2b", website=True, methods=["POST"])
    def portal_b2b_quick_order_add(self, target="cart", template_id=None, name="", **kwargs):
        """Put the accepted rows of the preview into the cart or a template.

        :param str target: `cart` or `template`
        :param str template_id: an own template; without one a new one is made
        :param str name: of the new template
        """
        agreement = request.b2b_agreement
        try:
            rows = self._read_b2b_rows(agreement)
        except UserError as error:
            return self._render_b2b_quick_order(agreement, problem=str(error))
        wanted = request.env["b2b.quick.order"]._get_wanted(rows)
        if not wanted:
            problem = request.env._("None of these rows can be ordered any more.")
            return self._render_b2b_quick_order(agreement, problem=problem)
        for row in rows:
            if row["state"] == "rejected":  # since the preview
                self._add_b2b_message(f"{row['sku']}: {row['reason']}", "danger")
        if target == "template":
            return self._add_b2b_rows_to_template(
                agreement, wanted, template_id, self._read_text(name)
            )
        cart = request.env["sale.order"]._get_b2b_cart(agreement, create=True)
        cart._lock_b2b_cart()
        cart._add_b2b_lines(wanted)
        self._add_b2b_message(request.env._("%(count)s articles were added.", count=len(wanted)))
        return self._b2b_redirect("/my/b2b/cart")

    def _add_b2b_rows_to_template(self, agreement, wanted, template_id, name):
        template = self._get_b2b_own_templates(agreement).filtered(
            lambda one: one.id == self._read_id(template_id)
        )
        # sudo: portal users have no write access to orders; it is their own template
        template = template.sudo() or request.env["sale.order"]._create_b2b_template(
            agreement, name
        )
        template = template.with_company(agreement._get_selling_company())
        template._lock_b2b_cart()
        template._add_b2b_template_lines(wanted)
        self._add_b2b_message(request.env._("%(count)s articles were added.", count=len(wanted)))
        return self._b2b_redirect(f"/my/b2b/templates/{template.id}")

    @http.route(
        "/my/b2b/quick-order/rejected", type="http", auth="b2b", website=True, methods=["POST"]
    )
    def portal_b2b_quick_order_rejected(self, **kwargs):
        """Download the rejected rows of the preview, to correct and upload them again."""
        table = request.env["b2b.quick.order"]._get_rejected_table([])
        content = make_csv(table + self._read_b2b_carried())
        headers = [
            ("Content-Type", "text/csv; charset=utf-8"),
            ("Content-Disposition", http.content_disposition("rejected-rows.csv")),
            ("X-Content-Type-Options", "nosniff"),
        ]
        return self._b2b_no_store(request.make_response(content, headers))
