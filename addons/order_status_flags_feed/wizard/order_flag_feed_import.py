import base64

from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.order_status_flags.table_csv import (
    TableError,
    is_cut_short,
    make_csv,
    read_csv,
    remove_guard,
)

from ..feed_row import MAX_BYTES

# Columns of the document of a row, the file aside: a CSV file cannot bring its content.
DOCUMENT_COLUMNS = ("kind", "number", "date", "state", "covers", "tracking")
COLUMNS = ("key", "order", "flag", *DOCUMENT_COLUMNS, "file", "note", "changed_at")
REQUIRED = ("key", "order", "changed_at")
# Codes: a spreadsheet that takes a long one for a number cuts it short.
CODES = ("key", "order", "number", "tracking")
# Columns that a file with results has whether the imported one had them or not.
FLAG_RESULT = ("key", "order", "flag", "note", "changed_at")


class OrderFlagFeedImport(models.TransientModel):
    """Takes the rows of a push from a CSV file, and gives them back with their results.

    A row with something in the column ``kind`` is about a document, any other about a flag.
    """

    _name = "order.flag.feed.import"
    _description = "Import Changes of a Feed"

    feed_id = fields.Many2one(comodel_name="order.flag.feed", required=True, ondelete="cascade")
    data = fields.Binary(string="CSV file", attachment=False)
    filename = fields.Char()
    notify = fields.Boolean(string="Mail the customers", default=True)
    state = fields.Selection(
        selection=[("upload", "Upload"), ("checked", "Checked"), ("done", "Imported")],
        default="upload",
        required=True,
        readonly=True,
    )
    result_data = fields.Binary(string="Result per row", attachment=False, readonly=True)
    result_filename = fields.Char(readonly=True)
    row_count = fields.Integer(string="Rows", readonly=True)
    ok_count = fields.Integer(string="Applied or unchanged", readonly=True)
    skipped_count = fields.Integer(string="Known or overtaken", readonly=True)
    failed_count = fields.Integer(string="Failed", readonly=True)
    file_count = fields.Integer(string="Files not imported", readonly=True)
    order_count = fields.Integer(string="Orders that would change", readonly=True)
    customer_count = fields.Integer(string="Customers who would be mailed", readonly=True)

    def action_check(self):
        """Tell what the import would do, and change nothing.

        :raise UserError: when the file cannot be read, or the feed is archived
        """
        feed, cells, rows = self._prepare_import()
        answer = feed._dry_run(rows)
        self.order_count, self.customer_count = answer["orders"], answer["customers"]
        return self._show_results(cells, answer["results"], "checked")

    def action_import(self):
        """Take the rows over, exactly as a push would.

        :raise UserError: when the file cannot be read, or the feed is archived
        :raise AccessError: without write access to the feed
        """
        feed, cells, rows = self._prepare_import()
        return self._show_results(cells, feed._push(rows), "done")

    def _prepare_import(self):
        self.ensure_one()
        self.feed_id.check_access("write")
        self.feed_id._check_switched_on()
        cells = self._read_file()
        rows = [self._make_push_row(named) for named in cells]
        feed = self.feed_id
        if not self.notify:
            feed = feed.with_context(order_status_no_notify=True)
        feed = feed._in_own_context()
        feed._check_call(rows)
        return feed, cells, rows

    def _read_file(self):
        """Return the cells of each row of the file by the names of their columns.

        :raise UserError: when there is no file, it is no CSV, or a column is missing
        """
        content = base64.b64decode(self.data or b"")
        if not content:
            raise UserError(self.env._("Please choose a CSV file."))
        if len(content) > MAX_BYTES:
            raise UserError(
                self.env._(
                    "The file is larger than %(cap)s MiB. Please split it.",
                    cap=MAX_BYTES // 1024 // 1024,
                )
            )
        table = self._read_table(content)
        header = self._read_header(table)
        return [self._read_row(row, header) for row in table.rows[1:]]

    def _read_table(self, content):
        """Return the file as a table.

        :raise UserError: when it is no text
        """
        try:
            return read_csv(content)
        except TableError as error:
            raise UserError(
                self.env._("The file is no text. Please save it as CSV in UTF-8 and try again.")
            ) from error

    def _read_header(self, table):
        """Return the names of the columns.

        :raise UserError: when one is missing, or there twice
        """
        header = [name.strip().lower() for name in table.rows[0].cells] if table.rows else []
        missing = [name for name in REQUIRED if name not in header]
        if "kind" not in header and "flag" not in header:
            missing.append("flag")
        if "kind" in header and "number" not in header:
            missing.append("number")
        if missing:
            raise UserError(
                self.env._(
                    "The first line of the file must name the columns. Missing: %(names)s.",
                    names=", ".join(missing),
                )
            )
        twice = [name for name in COLUMNS if header.count(name) > 1]
        if twice:
            raise UserError(
                self.env._(
                    "The first line of the file names a column twice: %(names)s.",
                    names=", ".join(twice),
                )
            )
        return header

    def _read_row(self, row, header):
        """Return the cells of a row by the names of their columns.

        :raise UserError: when it cannot be told which cell is which, or a code was cut short
        """
        surplus = any(cell.strip() for cell in row.cells[len(header) :])
        if surplus or row.problems:
            raise UserError(
                self.env._(
                    "Row %(number)s does not fit the columns. Please put a text with a separator"
                    " or a quotation mark in quotes.",
                    number=row.number,
                )
            )
        cells = {
            name: remove_guard(value)
            for name, value in zip(header, row.cells, strict=False)
            if name in COLUMNS
        }
        cut = next((cells[name] for name in CODES if is_cut_short(cells.get(name, ""))), "")
        if cut:
            raise UserError(
                self.env._(
                    "Row %(number)s: a spreadsheet cut a long number short (%(text)s). Please"
                    " format the column as text before you save the file.",
                    number=row.number,
                    text=cut,
                )
            )
        return cells

    def _make_push_row(self, cells):
        """Return the cells of a row as a push takes them; empty ones are left out."""
        row = {name: cells.get(name) for name in ("key", "order", "note", "changed_at")}
        # A number alone makes a document, too: without a flag the row would clear the order's.
        is_document = any(cells.get(name, "").strip() for name in ("kind", "number"))
        if not is_document and ("flag" in cells or "kind" not in cells):
            return {**row, "flag": cells.get("flag")}
        document = {name: cells.get(name, "").strip() for name in DOCUMENT_COLUMNS}
        row["document"] = {name: text for name, text in document.items() if text}
        # Both of them: the push says so.
        return {**row, "flag": cells["flag"]} if cells.get("flag") else row

    def _show_results(self, rows, answers, state):
        results = [answer["result"] for answer in answers]
        settled = sum(result in ("applied", "unchanged") for result in results)
        skipped = sum(result in ("duplicate", "stale") for result in results)
        self.write(
            {
                "state": state,
                "row_count": len(rows),
                "ok_count": settled,
                "skipped_count": skipped,
                "failed_count": len(rows) - settled - skipped,
                "file_count": sum(bool(row.get("file")) for row in rows),
                "result_data": self._write_results(rows, answers),
                "result_filename": "results.csv",
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Import changes"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def _write_results(self, rows, answers):
        """Return the rows with their results, as a file that can be corrected and sent again."""
        columns = [name for name in COLUMNS if name in FLAG_RESULT or any(name in r for r in rows)]
        if rows and "flag" not in rows[0]:
            columns.remove("flag")
        table = [[*columns, "result", "message"]]
        for row, answer in zip(rows, answers, strict=True):
            cells = [row.get(name, "") for name in columns]
            table.append([*cells, answer["result"], self._get_message(row, answer)])
        return base64.b64encode(make_csv(table))

    def _get_message(self, row, answer):
        if not row.get("file"):
            return answer["message"]
        hint = self.env._(
            "The file is not imported: a CSV file has no room for it. Let the client send it."
        )
        return f"{answer['message']} {hint}".strip()
