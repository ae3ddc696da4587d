from odoo import http
from odoo.http import request

from odoo.addons.portal.controllers.portal import pager as portal_pager

from ..pricelist_file import make_xlsx
from .main import XLSX_TYPE
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
        page = max(self._read_id(page) or 1, 1)
        pager = portal_pager(
            url="/my/b2b/pricelist",
            total=agreement._count_products(offset=(page - 1) * ROWS_PER_PAGE),
            page=page,
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
        filename = self._get_b2b_pricelist_name(agreement, "csv")
        return self._b2b_csv(agreement._get_pricelist_table(), filename)

    @http.route("/my/b2b/pricelist.xlsx", type="http", auth="b2b", website=True)
    def portal_b2b_pricelist_xlsx(self, **kwargs):
        """Download the own prices as XLSX, with the columns of the CSV file."""
        agreement = request.b2b_agreement
        content = make_xlsx(agreement._get_pricelist_table())
        filename = self._get_b2b_pricelist_name(agreement, "xlsx")
        return self._b2b_file(content, XLSX_TYPE, filename)

    @staticmethod
    def _get_b2b_pricelist_name(agreement, extension):
        return f"pricelist-{agreement._get_today(agreement._get_selling_company())}.{extension}"
