import base64
import csv
import io

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import FeedCommon

HEADER = "key;order;kind;number;date;state;covers;tracking;file;note;changed_at\n"


@tagged("post_install", "-at_install")
class TestDocumentsImport(FeedCommon):
    def _open_import(self, text):
        return (
            self.env["order.flag.feed.import"]
            .with_user(self.manager)
            .create({"feed_id": self.feed.id, "data": base64.b64encode(text.encode())})
        )

    def _read_results(self, wizard):
        text = base64.b64decode(wizard.result_data).decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text), delimiter=";")), text

    def _line(self, order, key, rest):
        return f"{key};{order.name};{rest};2026-03-01T12:00:00Z\n"

    def test_documents_are_checked_then_imported(self):
        orders = self._create_orders(3)
        text = HEADER
        text += self._line(orders[0], "a", "invoice;FS 1;2026-03-01;open;all;T1;;Paid")
        text += self._line(orders[1], "b", "order;ZK 2;;;;;;")
        text += self._line(orders[2], "c", "credit;KFS 3;;;;;;")
        wizard = self._open_import(text)
        wizard.action_check()
        self.assertEqual(
            (wizard.state, wizard.order_count, wizard.customer_count), ("checked", 2, 1)
        )
        self.assertFalse(self._documents(orders[0]))
        wizard.action_import()
        self.assertEqual((wizard.row_count, wizard.ok_count, wizard.failed_count), (3, 2, 1))
        document = self._documents(orders[0])
        self.assertEqual(
            (document.number, document.tracking, document.note), ("FS 1", "T1", "Paid")
        )
        self.assertEqual(str(document.date), "2026-03-01")
        self.assertEqual(orders[1].external_ref, "ZK 2")
        rows, text = self._read_results(wizard)
        self.assertEqual([row["result"] for row in rows], ["applied", "applied", "invalid"])
        self.assertNotIn("flag", rows[0])
        again = self._open_import(text.replace("credit", "receipt"))
        again.action_import()
        rows, _text = self._read_results(again)
        self.assertEqual([row["result"] for row in rows], ["duplicate", "duplicate", "applied"])

    def test_named_file_is_not_imported_and_the_result_says_so(self):
        order = self._create_order()
        wizard = self._open_import(HEADER + self._line(order, "a", "invoice;FS 1;;;;;FS-1.pdf;"))
        wizard.action_import()
        self.assertEqual((wizard.ok_count, wizard.file_count), (1, 1))
        rows, _text = self._read_results(wizard)
        self.assertIn("not imported", rows[0]["message"])
        self.assertEqual(rows[0]["file"], "FS-1.pdf")
        self.assertFalse(self._documents(order).attachment_id)

    def test_number_that_a_spreadsheet_cut_short_is_told(self):
        order = self._create_order()
        for key, rest in (
            ("1.23457E+12", "invoice;FS 1;;;;;;"),
            ("a", "invoice;5,9E+12;;;;;;"),
            ("a", "delivery;WZ 1;;;;5.20012E+23;;"),
        ):
            with self.subTest(key=key, rest=rest), self.assertRaises(UserError) as caught:
                self._open_import(HEADER + self._line(order, key, rest)).action_import()
            self.assertIn("cut a long number short", str(caught.exception))
        self.assertFalse(self._documents(order))

    def test_flags_and_documents_in_one_file(self):
        orders = self._create_orders(3)
        text = "key;order;flag;kind;number;changed_at\n"
        for key, order, rest in (
            ("a", orders[0], "W trakcie realizacji;;"),
            ("b", orders[1], ";delivery;WZ 1"),
            ("c", orders[2], "Odrzucone;invoice;FS 1"),
        ):
            text += f"{key};{order.name};{rest};2026-03-01T12:00:00Z\n"
        wizard = self._open_import(text)
        wizard.action_import()
        rows, _text = self._read_results(wizard)
        self.assertEqual([row["result"] for row in rows], ["applied", "applied", "invalid"])
        self.assertEqual(orders[0].order_flag_id, self.flag_in_progress)
        self.assertEqual(self._documents(orders[1]).kind, "delivery")
        self.assertFalse(orders[2].order_flag_id)

    def test_missing_column_is_named(self):
        for header, name in (("key;order;kind;changed_at", "number"), ("key;order;note", "flag")):
            with self.assertRaisesRegex(UserError, name):
                self._open_import(header + "\n").action_check()

    def test_number_without_a_kind_does_not_clear_the_flag(self):
        order = self._create_order()
        self._push_one(order)
        text = "key;order;flag;kind;number;changed_at\n"
        text += f"a;{order.name};;;FS 1;2026-03-02T12:00:00Z\n"
        wizard = self._open_import(text)
        wizard.action_import()
        rows, _text = self._read_results(wizard)
        self.assertEqual([row["result"] for row in rows], ["invalid"])
        self.assertIn("kind", rows[0]["message"])
        self.assertEqual(order.order_flag_id, self.flag_in_progress)
