from odoo import http
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.http import request

from odoo.addons.b2b_portal.controllers.shop import B2BShopPortal
from odoo.addons.portal.controllers.portal import pager as portal_pager

from ..part_number_file import MAX_BYTES, MAX_ROWS, PartNumberRow

URL = "/my/b2b/part-numbers"
ROWS_PER_PAGE = 50
# Pages with a link to the numbers.
LEADING_PAGES = ("b2b_pricelist", "b2b_quick_order")


class B2BPartNumberPortal(B2BShopPortal):
    """The buyer's own part numbers: list, add, change, delete, and files both ways."""

    def _b2b_values(self, agreement, page_name, **values):
        """Override of `b2b_portal` to lead to the numbers whoever uses them."""
        values = super()._b2b_values(agreement, page_name, **values)
        if page_name in LEADING_PAGES:
            values["b2b_has_part_numbers"] = self._has_b2b_part_numbers(agreement)
        return values

    @staticmethod
    def _has_b2b_part_numbers(agreement):
        """Whether pages lead to the numbers: the seller wants it, or the customer has some.

        :param b2b.agreement agreement: in force
        :rtype: bool
        """
        # sudo: customers read neither the seller's settings nor numbers
        if agreement._get_selling_company().sudo().b2b_part_numbers:
            return True
        numbers = request.env["customer.product.reference"].sudo()
        return bool(numbers.search_count([("partner_id", "=", agreement.partner_id.id)], limit=1))

    # === LIST === #

    @http.route(URL, type="http", auth="b2b", website=True, methods=["GET"])
    def portal_b2b_part_numbers(self, page=1, search="", **kwargs):
        """List the part numbers of the own company, or show what an upload would change.

        :param str page: page number, from 1
        :param str search: part of a number, SKU or name
        :param str list: id of an own upload
        """
        if "list" in kwargs:
            return self._render_b2b_upload(kwargs)
        agreement = request.b2b_agreement
        search = self._read_text(search).strip()[:200]
        # sudo: portal users have no rights on numbers; the domain is their own company's
        Reference = request.env["customer.product.reference"].sudo()
        domain = Reference._get_own_domain(agreement, search)
        pager = portal_pager(
            url=URL,
            url_args={"search": search} if search else {},
            total=Reference.search_count(domain),
            page=self._read_id(page) or 1,
            step=ROWS_PER_PAGE,
        )
        own = Reference.search(domain, limit=ROWS_PER_PAGE, offset=pager["offset"])
        return self._render_b2b_part_numbers(own=own, pager=pager, typed_search=search)

    def _render_b2b_part_numbers(self, **values):
        empty = request.env["customer.product.reference"]
        values = {"own": empty, "kept": None, "rows": [], "problem": "", "notes": [], **values}
        format_count = request.env["b2b.quick.order"]._format_count
        values.update(max_rows=format_count(MAX_ROWS), format_count=format_count)
        values = self._b2b_values(request.b2b_agreement, "b2b_part_numbers", **values)
        return self._b2b_render("b2b_part_number.portal_b2b_part_numbers", values)

    @http.route(f"{URL}.csv", type="http", auth="b2b", website=True, methods=["GET"])
    def portal_b2b_part_numbers_csv(self, **kwargs):
        """Download the part numbers as CSV; the file can be changed and uploaded again."""
        Reference = request.env["customer.product.reference"]
        return self._b2b_csv(Reference._get_own_table(request.b2b_agreement), "part-numbers.csv")

    # === ONE NUMBER === #

    @http.route(URL, type="http", auth="b2b", website=True, methods=["POST"])
    def portal_b2b_part_number_add(self, sku="", customer_product_reference="", **kwargs):
        """Give an article a part number, or another one.

        :param str sku: internal reference or barcode
        :param str customer_product_reference: the own part number
        """
        row = PartNumberRow(
            1, self._read_text(sku).strip(), self._read_text(customer_product_reference)
        )
        self._keep_b2b_row(row)
        return self._b2b_redirect(URL)

    def _keep_b2b_row(self, row):
        agreement = request.b2b_agreement
        Reference = request.env["customer.product.reference"]
        (values,) = Reference._evaluate_own(agreement, [row])
        if values["state"] == "rejected":
            text = f"{row.sku[:100]}: {values['reason']}" if row.sku else values["reason"]
            self._add_b2b_message(text, "danger")
            return
        try:
            Reference._keep_own(agreement, {values["product"]: values["reference"]})
        except UserError as error:
            self._add_b2b_message(str(error), "danger")
            return
        text = request.env._(
            "%(article)s is called %(number)s now.",
            article=values["product"].display_name,
            number=values["reference"],
        )
        self._add_b2b_message(text)

    @http.route(
        f"{URL}/<int:reference_id>/<any(save,delete):action>",
        type="http",
        auth="b2b",
        website=True,
        methods=["POST"],
    )
    def portal_b2b_part_number_change(self, reference_id, action, **kwargs):
        """Change or delete a part number of the own company.

        :param int reference_id: id of a `customer.product.reference`
        :param str action: `save` or `delete`
        :param str customer_product_reference: the new number
        """
        own = request.env["customer.product.reference"]._get_own(
            request.b2b_agreement, Domain("id", "=", self._read_id(reference_id))
        )
        if not own:
            self._add_b2b_message(request.env._("This part number is gone already."), "warning")
        elif action == "delete":
            own.unlink()
            self._add_b2b_message(request.env._("The part number is deleted."))
        else:
            self._change_b2b_number(own, kwargs)
        return self._b2b_redirect(self._get_b2b_way_back_to(URL))

    def _change_b2b_number(self, own, params):
        agreement, product = request.b2b_agreement, own.product_id
        text = self._read_text(params.get("customer_product_reference"))
        Reference = request.env["customer.product.reference"]
        try:
            number = Reference._check_own(agreement, product, text)
            Reference._keep_own(agreement, {product: number})
        except UserError as error:
            self._add_b2b_message(str(error), "danger")
            return
        self._add_b2b_message(request.env._("The part number is saved."))

    def _get_b2b_way_back_to(self, url):
        """Return the page of this list that the buyer came from."""
        back = self._get_b2b_way_back()
        return back if back.partition("?")[0] == url else url

    # === FILES === #

    @http.route(f"{URL}/upload", type="http", auth="b2b", website=True, methods=["POST"])
    def portal_b2b_part_numbers_upload(self, **kwargs):
        """Keep a file, and lead to its preview; file `upload`."""
        upload = request.httprequest.files.get("upload")
        if not upload or not upload.filename:
            self._add_b2b_message(request.env._("Please choose a file."), "danger")
            return self._b2b_redirect(URL)
        content = upload.stream.read(MAX_BYTES + 1)  # one more than allowed is enough to know
        if len(content) > MAX_BYTES:
            refusal = request.env["b2b.part.number.list"]._get_refusal("too_large")
            self._add_b2b_message(refusal, "danger")
            return self._b2b_redirect(URL)
        kept = request.env["b2b.part.number.list"]._keep([], "", (upload.filename, content))
        return self._b2b_redirect(f"{URL}?list={kept.id}")

    def _read_b2b_numbers(self, params):
        """Return an own upload, its rows, and what of the file was passed over.

        :raise UserError: when it is gone, or refused as a whole
        """
        list_id = self._read_id(params.get("list"))
        kept = request.env["b2b.part.number.list"]._get_own(list_id or 0)
        if not kept:
            raise UserError(request.env._("This file is no longer kept. Please upload it again."))
        parsed = kept._parse_numbers()
        Reference = request.env["customer.product.reference"]
        rows = Reference._evaluate_own(request.b2b_agreement, parsed.rows)
        if not rows:
            raise UserError(request.env._("There are no rows in the file."))
        notes = request.env["b2b.quick.order"]._get_table_notes(parsed.table, parsed.titles)
        return kept, rows, notes

    def _render_b2b_upload(self, params):
        try:
            kept, rows, notes = self._read_b2b_numbers(params)
        except UserError as error:
            return self._render_b2b_part_numbers(problem=str(error))
        return self._render_b2b_part_numbers(kept=kept, rows=rows, notes=notes)

    @http.route(f"{URL}/import", type="http", auth="b2b", website=True, methods=["POST"])
    def portal_b2b_part_numbers_import(self, **kwargs):
        """Keep the accepted rows of an upload.

        :param str list: id of an own upload
        """
        Reference = request.env["customer.product.reference"]
        try:
            kept, rows, _notes = self._read_b2b_numbers(kwargs)
            changes = [row for row in rows if row["state"] in ("new", "changed")]
            wanted = {row["product"]: row["reference"] for row in changes}
            Reference._keep_own(request.b2b_agreement, wanted)
        except UserError as error:
            return self._render_b2b_part_numbers(problem=str(error))
        kept.was_added = True
        count = request.env["b2b.quick.order"]._format_count
        self._add_b2b_message(
            request.env._("Part numbers saved: %(count)s", count=count(len(wanted)))
        )
        rejected = len([row for row in rows if row["state"] == "rejected"])
        if rejected:
            text = request.env._("Rows rejected: %(count)s", count=count(rejected))
            self._add_b2b_message(text, "warning")
        return self._b2b_redirect(URL)

    @http.route(f"{URL}/rejected", type="http", auth="b2b", website=True, methods=["POST"])
    def portal_b2b_part_numbers_rejected(self, **kwargs):
        """Download the rejected rows of an upload, to correct and upload them again.

        :param str list: id of an own upload
        """
        try:
            _kept, rows, _notes = self._read_b2b_numbers(kwargs)
        except UserError as error:
            return self._render_b2b_part_numbers(problem=str(error))
        table = request.env["customer.product.reference"]._get_rejected_own_table(rows)
        return self._b2b_csv(table, "rejected-part-numbers.csv")

    @http.route(
        [
            f"{URL}/<any(upload,import,rejected):action>",
            f"{URL}/<int:reference_id>/<any(save,delete):action>",
        ],
        type="http",
        auth="b2b",
        website=True,
        methods=["GET"],
    )
    def portal_b2b_part_numbers_again(self, **kwargs):
        """Lead to the list whoever had to log in at a button: nothing was done."""
        return self._b2b_redirect(URL)
