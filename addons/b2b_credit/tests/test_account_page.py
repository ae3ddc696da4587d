import io
import json
import zipfile
from datetime import timedelta
from unittest.mock import patch
from urllib.parse import urlencode

import openpyxl
from xlsxwriter.worksheet import Worksheet

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import CreditCommon

URL = "/my/b2b/account"
FILES = tuple(
    f"{URL}/{name}" for name in ("statement.pdf", "statement.csv", "statement.xlsx", "invoices.zip")
)


@tagged("post_install", "-at_install")
class TestAccountPage(CreditCommon):
    def setUp(self):
        super().setUp()
        self.invoice = self._create_invoice(111.11, 40)
        self.rivals = self._create_invoice(777.77, 40, partner=self.rival)
        self._set_limit(500)
        self._login(self.buyer_user)

    def _period(self, days=400):
        return f"date_from={self.today - timedelta(days=days)}&date_to={self.today}"

    # === ACCESS === #

    def test_closed(self):
        for user, where in (
            (None, "/web/login"),
            (self.retail_user, "/my/agreements?closed=none"),
            (self.looker_user, "/my"),
        ):
            if user:
                self._login(user)
            else:
                self.authenticate(None, None)
            for url in (URL, *FILES):
                with self.subTest(url=url, user=user and user.login):
                    response = self._get(url, allow_redirects=False)
                    self.assertEqual(response.status_code, 303)
                    location = response.headers["Location"]
                    self.assertIn(where, location)
                    if user == self.looker_user:
                        self.assertTrue(location.endswith("/my"))

    def test_home_leads_there_once_it_is_used(self):
        def counted():
            self.env.flush_all()
            names = {"counters": ["b2b_account_count"]}
            return self.make_jsonrpc_request("/my/counters", names).get("b2b_account_count")

        self._set_limit(0)
        self.env["b2b.member"].search([("company_partner_id", "=", self.customer.id)]).unlink()
        self.assertFalse(counted(), "nothing is configured: the customer notices no difference")
        self.assertEqual(self._get(URL).status_code, 200, "the page is there all the same")
        for record, values, off in (
            (self.customer, {"credit_limit": 10}, {"credit_limit": 0}),
            (
                self.company,
                {"b2b_credit_policy": "block"},
                {"b2b_credit_policy": "inform"},
            ),
            (self.company, {"b2b_overdue_days": 5}, {"b2b_overdue_days": 0}),
        ):
            record.write(values)
            self.assertTrue(counted(), values)
            record.write(off)
            self.assertFalse(counted(), off)
        # The rights of a colleague: the company uses what is offered to it.
        self._create_member(self.buyer2_user)
        self.assertTrue(counted())
        self._create_member(self.buyer_user, may_see_finance=False)
        self.assertFalse(counted())

    def test_rival_sees_his_own(self):
        self._login(self.rival_user)
        for url in (URL, f"{URL}/statement.csv?{self._period()}"):
            text = self._get(url).text
            with self.subTest(url=url):
                self.assertIn("777.77", text)
                self.assertNotIn("111.11", text)

    def test_right_taken_away_closes_at_once(self):
        self.assertEqual(self._get(URL).status_code, 200)
        self.member.may_see_finance = False
        self.assertEqual(self._get(URL, allow_redirects=False).status_code, 303)

    # === PAGE === #

    def test_page(self):
        response = self._get(URL)
        text = " ".join(self._page(response).text_content().split())
        for words in ("500.00", "111.11", "388.89", self.invoice.name, "Days since the oldest"):
            self.assertIn(words, text)
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertNotIn("777.77", text)

    def test_bad_input_in_words(self):
        for query, words in (
            ("date_from=x", "x is not a date"),
            ("date_from=2026-13-01", "is not a date"),
            ("date_from=0001-01-01", "is not a date"),
            ("date_from=2026-05-01&date_to=2026-04-01", "ends before it begins"),
            ("page=x&date_to=%00", "is not a date"),
        ):
            for url in (URL, *FILES):
                with self.subTest(url=url, query=query):
                    response = self._get(f"{url}?{query}")
                    self.assertIn(words, " ".join(self._alerts(response)))

    # === FILES === #

    def test_period_of_an_earlier_year(self):
        """Its last day alone says which year is meant."""
        year = self.today.year - 1
        content = self._get(f"{URL}/statement.csv?date_to={year}-12-31").content
        rows = [line.split(";") for line in content.decode("utf-8-sig").splitlines()]
        self.assertEqual((rows[1][0], rows[-1][0]), (f"{year}-01-01", f"{year}-12-31"))

    def test_csv_and_xlsx(self):
        self.invoice.ref = "=1+1"
        content = self._get(f"{URL}/statement.csv?{self._period()}").content.decode("utf-8-sig")
        rows = [line.split(";") for line in content.splitlines()]
        self.assertEqual(rows[1][1:2] + rows[1][6:7], ["Opening balance", "0"])
        self.assertEqual(rows[-1][1:2] + rows[-1][6:7], ["Closing balance", "111.11"])
        self.assertEqual(rows[2][2], "'=1+1")
        response = self._get(f"{URL}/statement.xlsx?{self._period()}")
        sheet = openpyxl.load_workbook(io.BytesIO(response.content)).active
        self.assertEqual(sheet.cell(3, 3).value, "=1+1")
        self.assertEqual(sheet.cell(3, 3).data_type, "s")
        self.assertEqual(sheet.cell(sheet.max_row, 7).value, 111.11)

    def test_xlsx_leaves_its_writer_nothing_to_guess(self):
        """Older versions of it take `{=1+1}` for a formula, whatever is asked of them."""
        self.invoice.ref = "{=1+1}"
        self.env.flush_all()
        with patch.object(Worksheet, "write_row", side_effect=AssertionError):
            content = self._get(f"{URL}/statement.xlsx?{self._period()}").content
        cell = openpyxl.load_workbook(io.BytesIO(content)).active.cell(3, 3)
        self.assertEqual((cell.value, cell.data_type), ("{=1+1}", "s"))

    def test_pdf(self):
        response = self._get(f"{URL}/statement.pdf?{self._period()}")
        self.assertEqual(response.status_code, 200)
        self.assertIn(self.invoice.name.encode(), response.content)  # tests render HTML
        self.assertNotIn(b"777.77", response.content)
        path = "odoo.addons.b2b_credit.controllers.account.MAX_PDF_ROWS"
        with patch(path, 0):
            response = self._get(f"{URL}/statement.pdf?{self._period()}")
        self.assertIn("too many for a PDF", " ".join(self._alerts(response)))

    @mute_logger("odoo.http")
    def test_nobody_prints_a_statement_of_his_own(self):
        """Odoo's address of reports prints what it is given, on the seller's letterhead."""
        made_up = {
            "statement": {"currency": 1, "rows": [], "opening": 0, "debit": 0, "credit": 0},
            "period": ["2026-01-01", "2026-12-31"],
            "company": 1,
            "context": json.dumps({"company": 1}),  # as Odoo's client sends it
        }
        for partner in (self.buyer_user.partner_id, self.customer, self.rival):
            for kind in ("html", "pdf"):
                path = f"/report/{kind}/b2b_credit.report_statement/{partner.id}"
                for options in ({}, {"options": json.dumps(made_up)}):
                    with self.subTest(path=path, options=bool(options)):
                        answer = self._get(f"{path}?{urlencode(options)}")
                        self.assertEqual(answer.status_code, 403)

    def test_zip(self):
        refund = self._create_invoice(5, 1, move_type="out_refund")
        response = self._get(f"{URL}/invoices.zip?{self._period()}")
        self.assertEqual(response.headers["Content-Type"], "application/zip")
        names = zipfile.ZipFile(io.BytesIO(response.content)).namelist()
        self.assertEqual(len(names), 2)
        for invoice in (self.invoice, refund):
            number = invoice.name.replace("/", "_")
            self.assertTrue(any(number in name for name in names), names)
        response = self._get(f"{URL}/invoices.zip?date_from=2001-01-01&date_to=2001-01-02")
        self.assertIn("no invoices", " ".join(self._alerts(response)))

    def test_zip_is_bounded(self):
        for name in ("MAX_INVOICES", "MAX_BYTES"):
            with self.subTest(name), patch(f"odoo.addons.b2b_credit.controllers.account.{name}", 0):
                response = self._get(f"{URL}/invoices.zip?{self._period()}")
                self.assertIn("choose a shorter", " ".join(self._alerts(response)))
