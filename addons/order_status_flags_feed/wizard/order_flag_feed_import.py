import base64

from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.order_status_flags.table_csv import TableError, make_csv, read_csv, remove_guard

from ..feed_row import MAX_BYTES

COLUMNS = ("key", "order", "flag", "note", "changed_at")
OPTIONAL = ("note",)


class OrderFlagFeedImport(models.TransientModel):
    """Takes the rows of a push from a CSV file, and gives them back with their results."""

    _name = "order.flag.feed.import"
    _description = "Import Changes of a Feed"

    feed_id = fields.Many2one(comodel_name="order.flag.feed", required=True, ondelete="cascade")
    data = fields.Binary(string="CSV file", attachment=False)
    filename = fields.Char()
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
    order_count = fields.Integer(string="Orders that would change", readonly=True)
    customer_count = fields.Integer(string="Customers who would be mailed", readonly=True)

    def action_check(self):
        """Tell what the import would do, and change nothing.

        :raise UserError: when the file cannot be read
        """
        feed, rows = self._prepare_import()
        answer = feed._dry_run(rows)
        self.order_count, self.customer_count = answer["orders"], answer["customers"]
        return self._show_results(rows, answer["results"], "checked")

    def action_import(self):
        """Take the rows over, exactly as a push would.

        :raise UserError: when the file cannot be read
        :raise AccessError: without write access to the feed
        """
        feed, rows = self._prepare_import()
        return self._show_results(rows, feed._push(rows), "done")

    def _prepare_import(self):
        self.ensure_one()
        self.feed_id.check_access("write")
        rows = self._read_file()
        feed = self.feed_id._in_own_context()
        feed._check_call(rows)
        return feed, rows

    def _read_file(self):
        """Return the rows of the file as a push takes them.

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
        missing = [name for name in COLUMNS if name not in header and name not in OPTIONAL]
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
        """Return a row as a push takes it.

        :raise UserError: when it cannot be told which cell is which
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
        return {
            name: remove_guard(value)
            for name, value in zip(header, row.cells, strict=False)
            if name in COLUMNS
        }

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
        table = [[*COLUMNS, "result", "message"]]
        for row, answer in zip(rows, answers, strict=True):
            cells = [row.get(name, "") for name in COLUMNS]
            table.append([*cells, answer["result"], answer["message"]])
        return base64.b64encode(make_csv(table))
