import io

import xlsxwriter

from odoo import http
from odoo.http import request

from odoo.addons.order_status_flags.table_csv import make_csv
from odoo.addons.portal.controllers.portal import pager as portal_pager

from .shop import B2BShopPortal

ROWS_PER_PAGE = 50


class PricelistPortal(B2BShopPortal):
    """The customer's own price list, on a page and as a file."""

    @http.route("/my/b2b/pricelist", type="http", auth="b2b", website=True)
    def portal_b2b_pricelist(self, page=1, **kwargs):
        """Show the own prices with their quantity breaks.

        :param str page: page number, from 1
        """
        agreement = request.b2b_agreement
        pager = portal_pager(
            url="/my/b2b/pricelist",
            total=agreement._count_products(),
            page=self._read_id(page) or 1,
            step=ROWS_PER_PAGE,
        )
        products = agreement._get_products(limit=ROWS_PER_PAGE, offset=pager["offset"])
        values = self._b2b_values(
            agreement,
            "b2b_pricelist",
            rows=agreement._get_pricelist_rows(products),
            pager=pager,
        )
        return self._b2b_render("b2b_portal.portal_b2b_pricelist", values)

    @http.route("/my/b2b/pricelist.csv", type="http", auth="b2b", website=True)
    def portal_b2b_pricelist_csv(self, **kwargs):
        """Download the own prices as CSV: SKU, name, minimum quantity, price, currency."""
        agreement = request.b2b_agreement
        content = make_csv(agreement._get_pricelist_table())
        return self._b2b_file(content, "text/csv; charset=utf-8", "csv", agreement)

    @http.route("/my/b2b/pricelist.xlsx", type="http", auth="b2b", website=True)
    def portal_b2b_pricelist_xlsx(self, **kwargs):
        """Download the own prices as XLSX, with the columns of the CSV file."""
        agreement = request.b2b_agreement
        output = io.BytesIO()
        # Text stays text: an article number is no formula, number or link.
        options = {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        }
        with xlsxwriter.Workbook(output, options) as workbook:
            sheet = workbook.add_worksheet()
            header, *rows = agreement._get_pricelist_table()
            sheet.write_row(0, 0, header, workbook.add_format({"bold": 1}))
            for index, row in enumerate(rows, start=1):
                sheet.write_row(index, 0, row)
            sheet.set_column(0, 0, 18)
            sheet.set_column(1, 1, 48)
            sheet.freeze_panes(1, 0)
        content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        return self._b2b_file(output.getvalue(), content_type, "xlsx", agreement)

    def _b2b_file(self, content, content_type, extension, agreement):
        """Return a download that no cache keeps.

        :param bytes content: the file
        :rtype: Response
        """
        filename = f"pricelist-{agreement._get_today(agreement._get_selling_company())}.{extension}"
        headers = [
            ("Content-Type", content_type),
            ("Content-Disposition", http.content_disposition(filename)),
            ("X-Content-Type-Options", "nosniff"),
        ]
        return self._b2b_no_store(request.make_response(content, headers))
