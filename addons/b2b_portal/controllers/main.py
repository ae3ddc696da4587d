from odoo import http
from odoo.http import request

from odoo.addons.b2b_agreement.controllers import main
from odoo.addons.order_status_flags.table_csv import make_csv

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class B2BPortal(main.B2BPortal):
    """The pages below `/my/b2b`, for customers with an agreement in force.

    Their routes say `auth="b2b"` (see `ir.http`), and find the agreement in
    `request.b2b_agreement`, in sudo mode.
    """

    # Why the shop is closed, as `/my/agreements` is told in its address.
    CLOSED_REASONS = ("none", "elsewhere", "ended", "not_signed", "not_started", "terminated")

    def _b2b_csv(self, table, filename):
        """Answer with a table as a CSV file.

        :param list table: rows, see `make_csv`
        :param str filename: that the browser proposes
        """
        return self._b2b_file(make_csv(table), CSV_TYPE, filename)

    def _b2b_file(self, content, content_type, filename):
        """Answer with a file to download, that no cache keeps.

        :param bytes content: the file
        :param str filename: that the browser proposes
        """
        headers = [
            ("Content-Type", content_type),
            ("Content-Disposition", http.content_disposition(filename)),
            ("X-Content-Type-Options", "nosniff"),
        ]
        return self._b2b_no_store(request.make_response(content, headers))
