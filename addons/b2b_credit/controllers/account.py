import io
import tempfile
import zipfile
from datetime import date, datetime

from werkzeug.wsgi import wrap_file

from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.b2b_account import rights
from odoo.addons.b2b_portal.controllers.main import CSV_TYPE, XLSX_TYPE
from odoo.addons.b2b_portal.controllers.shop import B2BShopPortal
from odoo.addons.b2b_portal.pricelist_file import make_xlsx
from odoo.addons.order_status_flags.table_csv import make_csv
from odoo.addons.portal.controllers.portal import pager as portal_pager

from ..models.res_partner.statement import MAX_INVOICES, MAX_PDF_ROWS

URL = "/my/b2b/account"
ROWS_PER_PAGE = 50
# Invoices of more than that are asked for in shorter periods.
MAX_BYTES = 200 * 1024 * 1024


class B2BCreditPortal(B2BShopPortal):
    """How the company stands: credit, open items, statement and invoices."""

    def _prepare_home_portal_values(self, counters):
        """Override of `portal` to list the account for who sees finance."""
        values = super()._prepare_home_portal_values(counters)
        if "b2b_account_count" in counters:
            agreement = request.env.user.partner_id._get_b2b_agreement(request.env.company)
            values["b2b_account_count"] = int(
                bool(agreement) and self._sees_b2b_finance() and self._has_b2b_account(agreement)
            )
        return values

    @staticmethod
    def _has_b2b_account(agreement):
        """Whether the home page leads to the account: once the seller or the customer uses it.

        :param b2b.agreement agreement: in force
        :rtype: bool
        """
        # sudo: customers read neither the seller's settings nor limits and rights
        company = agreement._get_selling_company().sudo()
        customer = agreement.partner_id.sudo().with_company(company)
        return bool(
            customer.credit_limit
            or company.b2b_credit_policy != "inform"
            or company.b2b_overdue_days
            or customer.b2b_member_ids
        )

    @staticmethod
    def _sees_b2b_finance():
        return request.env.user.partner_id._b2b_may(rights.SEE_FINANCE)

    @staticmethod
    def _get_b2b_books():
        """Return the customer and the seller of the agreement in force.

        :rtype: tuple[res.partner, res.company]
        """
        agreement = request.b2b_agreement
        return agreement.partner_id, agreement._get_selling_company()

    # === PERIOD === #

    def _read_b2b_period(self, params):
        """Return first and last day of a period: from the first day of a year until today.

        :param dict params: `date_from` and `date_to`, ISO dates; without the first, the year is
            that of the second
        :rtype: tuple[date, date]
        :raise UserError: for what is no date, and for a period that ends before it begins
        """
        _customer, company = self._get_b2b_books()
        today = request.env["b2b.agreement"]._get_today(company)
        date_from = self._read_b2b_date(params.get("date_from"))
        date_to = self._read_b2b_date(params.get("date_to")) or today
        date_from = date_from or date(min(date_to, today).year, 1, 1)
        if date_to < date_from:
            raise UserError(request.env._("The period ends before it begins."))
        return date_from, date_to

    def _read_b2b_date(self, value):
        # As it came: a zero byte is no date, and not left out as from a typed text.
        text = value.strip() if isinstance(value, str) else ""
        if not text:
            return None
        try:
            day = datetime.strptime(text, "%Y-%m-%d").date()
        except ValueError as error:
            reason = request.env._("%(text)s is not a date.", text=text[:40])
            raise UserError(reason) from error
        if not 1970 <= day.year <= 9000:
            raise UserError(request.env._("%(text)s is not a date.", text=text[:40]))
        return day

    # === PAGE === #

    @http.route(URL, type="http", auth="b2b", website=True, methods=["GET"])
    def portal_b2b_account(self, page=1, **kwargs):
        """Show credit and open items to who sees finance.

        :param str page: page of the open items, from 1
        :param str date_from: first day of the statement that the form proposes
        :param str date_to: its last day
        """
        if not self._sees_b2b_finance():
            return self._b2b_redirect("/my")
        problem = ""
        try:
            period = self._read_b2b_period(kwargs)
        except UserError as error:
            problem, period = str(error), self._read_b2b_period({})
        return self._render_b2b_account(page, period, problem)

    def _render_b2b_account(self, page, period, problem):
        customer, company = self._get_b2b_books()
        customer = customer.sudo()  # the route asked whether the user sees finance
        pager = portal_pager(
            url=URL,
            total=customer._count_b2b_open_items(company),
            page=self._read_id(page) or 1,
            step=ROWS_PER_PAGE,
        )
        today = request.env["b2b.agreement"]._get_today(company)
        values = self._b2b_values(
            request.b2b_agreement,
            "b2b_account",
            standing=customer._get_b2b_standing(company),
            items=customer._get_b2b_open_items(
                company, today, offset=pager["offset"], limit=ROWS_PER_PAGE
            ),
            pager=pager,
            period=period,
            problem=problem,
            today=today,
            b2b_currency=company.sudo().currency_id,  # only its currency
        )
        return self._b2b_render("b2b_credit.portal_b2b_account", values)

    # === STATEMENT === #

    @http.route(
        [f"{URL}/statement.<any(pdf,csv,xlsx):kind>"],
        type="http",
        auth="b2b",
        website=True,
        methods=["GET"],
    )
    def portal_b2b_statement(self, kind, **kwargs):
        """Download the statement of a period.

        :param str kind: `pdf`, `csv` or `xlsx`
        :param str date_from: first day, ISO date
        :param str date_to: last day, ISO date
        """
        if not self._sees_b2b_finance():
            return self._b2b_redirect("/my")
        customer, company = self._get_b2b_books()
        try:
            period = self._read_b2b_period(kwargs)
            statement = customer._get_b2b_statement(company, *period)
            content = getattr(self, f"_make_b2b_statement_{kind}")(customer, statement, period)
        except UserError as error:
            self._add_b2b_message(str(error), "danger")
            return self._b2b_redirect(URL)
        types = {"pdf": "application/pdf", "csv": CSV_TYPE, "xlsx": XLSX_TYPE}
        filename = f"statement-{period[0]}-{period[1]}.{kind}"
        return self._b2b_file(content, types[kind], filename)

    def _make_b2b_statement_csv(self, customer, statement, period):
        return make_csv(customer._get_b2b_statement_table(statement, *period))

    def _make_b2b_statement_xlsx(self, customer, statement, period):
        table = customer._get_b2b_statement_table(statement, *period)
        return make_xlsx(table, (16, 16, 16, 16, 12, 12, 12), bold=(0, len(table) - 1))

    def _make_b2b_statement_pdf(self, customer, statement, period):
        if len(statement["rows"]) > MAX_PDF_ROWS:
            raise UserError(
                request.env._(
                    "The statement has more than %(maximum)s rows, too many for a PDF. Choose a"
                    " shorter period, or CSV or XLSX.",
                    maximum=request.env["b2b.quick.order"]._format_count(MAX_PDF_ROWS),
                )
            )
        _customer, company = self._get_b2b_books()
        # sudo: buyers read neither the report nor the company's letterhead
        report = request.env["ir.actions.report"].sudo().with_company(company)
        content, _type = report._render_qweb_pdf(
            "b2b_credit.action_report_statement",
            customer.ids,
            data={"statement": statement, "period": period, "company": company.sudo()},
        )
        return content

    # === INVOICES === #

    @http.route(f"{URL}/invoices.zip", type="http", auth="b2b", website=True, methods=["GET"])
    def portal_b2b_invoices_zip(self, **kwargs):
        """Download all invoices and credit notes of a period in one file.

        :param str date_from: first day, ISO date
        :param str date_to: last day, ISO date
        """
        if not self._sees_b2b_finance():
            return self._b2b_redirect("/my")
        customer, company = self._get_b2b_books()
        try:
            period = self._read_b2b_period(kwargs)
            invoices = customer._get_b2b_invoices(company, *period)
            self._check_b2b_invoices(invoices)
            file = self._zip_b2b_invoices(invoices)
        except UserError as error:
            self._add_b2b_message(str(error), "danger")
            return self._b2b_redirect(URL)
        return self._b2b_stream(file, f"invoices-{period[0]}-{period[1]}.zip")

    def _check_b2b_invoices(self, invoices):
        if not invoices:
            raise UserError(request.env._("There are no invoices in this period."))
        if len(invoices) > MAX_INVOICES:
            raise UserError(
                request.env._(
                    "There are more than %(maximum)s invoices in this period. Please choose a"
                    " shorter one.",
                    maximum=MAX_INVOICES,
                )
            )

    def _zip_b2b_invoices(self, invoices):
        """Return a file with the documents of invoices; on disk, one document in memory at a time.

        :param account.move invoices: in sudo mode
        :raise UserError: when they are too large together
        """
        # The response closes it.
        file = tempfile.TemporaryFile()  # noqa: SIM115
        # PDFs are compressed already.
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            names = set()
            for invoice in invoices:
                for document in invoice._get_invoice_legal_documents_all(allow_fallback=True) or []:
                    name = self._get_b2b_free_name(document["filename"], invoice, names)
                    archive.writestr(name, document["content"] or b"")
                if file.tell() > MAX_BYTES:
                    raise UserError(
                        request.env._(
                            "These invoices are more than %(maximum)s MiB. Please choose a shorter"
                            " period.",
                            maximum=MAX_BYTES // 1024 // 1024,
                        )
                    )
                # What was rendered is in the file: nothing of it is kept.
                invoice.invalidate_recordset()
        return file

    @staticmethod
    def _get_b2b_free_name(filename, invoice, names):
        """Return a name that no other document of the file has, and that is no path."""
        name = filename.replace("/", "_").replace("\\", "_")
        if name in names:
            name = f"{invoice.id}-{name}"
        names.add(name)
        return name

    def _b2b_stream(self, file, filename):
        """Return a file from disk, piece by piece.

        :param file: open, for reading
        """
        file.seek(0, io.SEEK_END)
        size = file.tell()
        file.seek(0)
        headers = [
            ("Content-Type", "application/zip"),
            ("Content-Length", str(size)),
            ("Content-Disposition", http.content_disposition(filename)),
            ("X-Content-Type-Options", "nosniff"),
        ]
        response = http.Response(
            wrap_file(request.httprequest.environ, file),
            headers=headers,
            direct_passthrough=True,
        )
        return self._b2b_no_store(response)
