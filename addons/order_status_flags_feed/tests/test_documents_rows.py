import base64
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import LATER, MOMENT, PDF, FeedCommon


@tagged("post_install", "-at_install")
class TestDocumentRows(FeedCommon):
    """What is refused, the dry run, the log, who may see it, the codebook, and the speed."""

    # === BAD ROWS === #

    def test_rows_that_cannot_be_read_are_invalid(self):
        order = self._create_order()
        good = self._document_row(order)
        document = good["document"]
        too_large = base64.b64encode(b"%PDF-" + b"x" * (5 * 1024 * 1024)).decode()
        bad = [
            {"flag": ""},
            {"flag": "Odrzucone"},
            {"flag": 5},
            {"document": None},
            {"document": []},
            {"document": "FS 1"},
            {"document": {}},
            *(
                {"document": {**document, **wrong}}
                for wrong in (
                    {"kind": None},
                    {"kind": "credit_note"},
                    {"kind": "Invoice"},
                    {"kind": ["invoice"]},
                    {"kind": 1},
                    {"number": None},
                    {"number": ""},
                    {"number": "  "},
                    {"number": 12},
                    {"number": "x" * 201},
                    {"number": "x" * 500},
                    {"number": "a\x00b"},
                    {"number": "\ud83d"},
                    {"date": "20260-01-01"},
                    {"date": "2026-02-30"},
                    {"date": "01.03.2026"},
                    {"date": "2026-3-1"},
                    {"date": "2026-03-01T00:00:00"},
                    {"date": "0026-03-01"},
                    {"date": "9999-12-31"},
                    {"date": ""},
                    {"date": 20260301},
                    {"date": "２０２６-03-01"},
                    {"state": "done"},
                    {"state": True},
                    {"covers": "some"},
                    {"covers": {}},
                    {"tracking": 5},
                    {"tracking": "x" * 501},
                    {"file": "FS.pdf"},
                    {"file": {}},
                    {"file": {"name": "x.pdf"}},
                    {"file": {"name": "x.pdf", "content": None}},
                    {"file": {"name": "x.pdf", "content": ""}},
                    {"file": {"name": "x.pdf", "content": "not base64!"}},
                    {"file": {"name": "x.pdf", "content": "JVBERi0\n"}},
                    {"file": {"name": "x.pdf", "content": "żółć"}},
                    {"file": {"name": 5, "content": self._file()["content"]}},
                    {"file": {"name": "x" * 201, "content": self._file()["content"]}},
                    {"file": self._file(b"MZ\x90 no PDF at all")},
                    {"file": {"name": "x.pdf", "content": too_large}},
                )
            ),
        ]
        rows = [{**good, **wrong} for wrong in bad]
        for row, answer in zip(rows, self._push(*rows), strict=True):
            self.assertEqual(answer["result"], "invalid", row)
            self.assertTrue(answer["message"])
        self.assertFalse(self._documents(order))
        self.assertEqual(self._push(good)[0]["result"], "applied", "the key was not used up")

    def test_file_of_exactly_five_mib_and_unknown_keys_are_taken(self):
        order = self._create_order()
        content = PDF.ljust(5 * 1024 * 1024, b" ")
        row = self._document_row(order, file=self._file(content), surprise=1)
        self.assertEqual(self._push({**row, "more": {}})[0]["result"], "applied")
        self.assertEqual(len(self._documents(order).attachment_id.raw), 5 * 1024 * 1024)

    def test_pdf_after_blanks_is_one(self):
        """The client sends it, and browsers show it."""
        order = self._create_order()
        self.assertEqual(self._push_document(order, file=self._file(b" \r\n" + PDF)), "applied")

    def test_null_flag_beside_a_document_is_no_flag(self):
        order = self._create_order()
        self.assertEqual(
            self._push({**self._document_row(order), "flag": None})[0]["result"], "applied"
        )

    def test_quotation_and_unknown_order(self):
        quotation = self._create_order(confirm=False)
        answers = self._push(
            self._document_row(quotation),
            self._document_row(row={"order": "S-0"}),
        )
        self.assertEqual([a["result"] for a in answers], ["refused", "unknown_order"])
        self.assertIn(quotation.name, answers[0]["message"])
        self.assertFalse(self._documents(quotation))

    def test_registered_order_that_is_a_quotation_again_is_meant_all_the_same(self):
        """Another customer's order has the same reference: it may not get his documents."""
        feed = self._create_feed(order_ref_field="client_order_ref").with_user(self.client)
        order = self._create_order(client_order_ref="PO-7")
        row = {"order": "PO-7"}
        self._push_document(feed=feed, kind="order", number="Z 1", row=row)
        self.assertEqual(order.external_ref, "Z 1")
        order._action_cancel()
        order.action_draft()
        customer = self.env["res.partner"].create({"name": "Somebody else"})
        other = self._create_order(client_order_ref="PO-7", partner_id=customer.id)
        (answer,) = feed.push([self._document_row(row=row)])
        self.assertEqual(answer["result"], "unknown_order")
        self.assertIn("2 orders", answer["message"])
        self.assertFalse(self._documents(other))

    @mute_logger("odoo.sql_db")
    def test_bad_row_stops_no_other(self):
        orders = self._create_orders(4)
        rows = [self._document_row(order, number=f"FS {order.id}") for order in orders]
        rows[1]["document"]["kind"] = "nonsense"
        model = type(self.env["sale.order"])
        write = model._write_status_fields

        def failing(records, vals):
            if orders[2] in records:
                raise ValueError("broken")
            return write(records, vals)

        with patch.object(model, "_write_status_fields", failing):
            answers = self._push(*rows)
        self.assertEqual(
            [a["result"] for a in answers], ["applied", "invalid", "refused", "applied"]
        )
        self.assertFalse(self._documents(orders[2]), "nothing half done")
        self.assertEqual(self._documents(orders[3]).number, f"FS {orders[3].id}")
        self.assertEqual(self._push(rows[2])[0]["result"], "applied")
        self.assertEqual(len(self._documents(orders[3])), 1)

    # === DRY RUN, LOG === #

    def test_dry_run_answers_as_push_and_changes_nothing(self):
        orders = self._create_orders(4)
        self._push_document(orders[3])
        rows = [
            self._document_row(orders[0]),
            self._document_row(orders[0], kind="order", number="ZK 1"),
            self._document_row(orders[1], kind="order", state="cancelled"),
            self._row(orders[1]),
            self._document_row(orders[2], covers="part", file=self._file()),
            self._document_row(orders[3]),
            self._document_row(row={"order": "S-0"}),
            self._document_row(orders[2], kind="nonsense"),
        ]
        counts = [
            self.env[name].search_count([])
            for name in ("sale.order.erp.document", "ir.attachment", "mail.message")
        ]
        logs = len(self.feed.log_ids)
        answer = self.as_client.dry_run(rows)
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(
            counts,
            [
                self.env[name].search_count([])
                for name in ("sale.order.erp.document", "ir.attachment", "mail.message")
            ],
        )
        self.assertEqual(len(self.feed.log_ids), logs)
        self.assertFalse(orders[0].external_ref)
        self.assertEqual(orders.mapped("state"), ["sale"] * 4)
        self.assertEqual((answer["orders"], answer["customers"]), (3, 1))
        self.assertEqual(answer["results"], self.as_client.push(rows))

    def test_failed_row_can_be_sent_again_from_the_log(self):
        order = self._create_order()
        note = "ż" * 10_000  # what a log may keep of a row is limited, but not so
        row = self._document_row(order, tracking="T1", row={"order": "later", "note": note})
        row["surprise"] = "x" * 30_000
        self.assertEqual(self._push(row)[0]["result"], "unknown_order")
        order.client_order_ref = "later"
        self.feed.order_ref_field = "client_order_ref"
        log = self.feed.log_ids[0]
        log.with_user(self.manager).action_replay()
        document = self._documents(order)
        self.assertEqual((document.tracking, document.note), ("T1", note))
        self.assertEqual(str(document.date), "2026-03-01")
        self.assertEqual(self._push(row)[0]["result"], "duplicate")

    def test_failed_row_with_a_pdf_is_the_client_s_to_send(self):
        order = self._create_order()
        row = self._document_row(order, file=self._file(), row={"order": "later"})
        self._push(row)
        log = self.feed.log_ids[0]
        self.assertNotIn(row["document"]["file"]["content"], log.payload)
        with self.assertRaisesRegex(UserError, "PDF"):
            log.with_user(self.manager).action_replay()
        order.client_order_ref = "later"
        self.feed.order_ref_field = "client_order_ref"
        self.assertEqual(self._push(row)[0]["result"], "applied")
        self.assertEqual(self._documents(order).attachment_id.raw, PDF)

    def test_order_tells_what_failed(self):
        order = self._create_order()
        order.locked = True
        self._push_document(order, kind="order", number="ZK 5", state="cancelled")
        self.assertIn("Order ZK 5: Refused", order.erp_failures)
        self.assertIn("locked", order.erp_failures)
        order.locked = False
        self.feed.log_ids[0].with_user(self.manager).action_replay()
        order.invalidate_recordset()
        self.assertFalse(order.erp_failures)

    def test_mapping_is_applied_by_flags_and_not_by_documents(self):
        order = self._create_order()
        self._push_one(order, flag="Nieznana")
        self._push_document(order, kind="order", row={"changed_at": LATER})
        mapping = self.env["order.flag.feed.mapping"].create(
            {
                "feed_id": self.feed.id,
                "external_flag": "Nieznana",
                "flag_id": self.flag_in_progress.id,
            }
        )
        wizard = self.env["order.flag.feed.apply"].create({"mapping_id": mapping.id})
        self.assertEqual(wizard.order_count, 1)

    # === BACK OFFICE, ACCESS === #

    def test_orders_are_searched_by_numbers_of_open_documents(self):
        order, other = self._create_orders(2)
        self._push_document(order, number="FS QX4711/2026")
        self._push_document(other, number="FS QX4712/2026", state="cancelled")
        accountant = new_test_user(self.env, "test_books", groups="account.group_account_invoice")
        for user in (self.seller, accountant):
            orders = self.env["sale.order"].with_user(user)
            for text in ("qx4711", "fs qx4711/2026"):
                found = orders.search([("erp_document_number", "ilike", text)])
                self.assertEqual(found, order)
            self.assertFalse(orders.search([("erp_document_number", "ilike", "qx4712")]))
        self.assertEqual(order.erp_document_number, "FS QX4711/2026")

    def test_a_number_that_many_documents_have_finds_all_their_orders(self):
        orders = self._create_orders(3)
        for number, order in enumerate(orders):
            self._push_document(order, number=f"FS ZZ{number}/2026", row={"key": f"zz{number}"})
        listed = "odoo.addons.order_status_flags_feed.models.sale_order.order.LISTED"
        for most in (3, 2, 0):
            with patch(listed, most):
                found = self.env["sale.order"].search([("erp_document_number", "ilike", "fs zz")])
                self.assertEqual(found, orders.sorted(lambda one: (one.date_order, one.id))[::-1])

    def test_who_reads_documents(self):
        order = self._create_order()
        self._push_document(order, file=self._file())
        document = self._documents(order)
        own = new_test_user(self.env, "test_own", groups="sales_team.group_sale_salesman")
        portal = new_test_user(self.env, "test_docs_portal", groups="base.group_portal")
        portal.partner_id.parent_id = self.customer
        self.assertEqual(document.with_user(self.seller).number, "FS 1/2026")
        self.assertEqual(document.attachment_id.with_user(self.seller).raw, PDF)
        opened = document.with_user(self.seller).action_open_pdf()
        self.assertEqual(opened["url"], f"/web/content/{document.attachment_id.id}")
        for user in (own, portal, self.client, self.env.ref("base.public_user")):
            with self.assertRaises(AccessError):
                document.with_user(user).read(["number"])
            with self.assertRaises(AccessError):
                document.with_user(user).action_open_pdf()
            with self.assertRaises(AccessError):
                document.attachment_id.with_user(user).read(["raw"])
        for user in (self.seller, self.manager, portal):
            with self.assertRaises(AccessError):
                document.with_user(user).write({"state": "cancelled"})
            with self.assertRaises(AccessError):
                document.with_user(user).unlink()
            with self.assertRaises(AccessError):
                document.with_user(user).create(
                    {
                        "order_id": order.id,
                        "feed_id": self.feed.id,
                        "kind": "invoice",
                        "number": "forged",
                    }
                )
        with self.assertRaises(AccessError):
            order.with_user(portal).read(["erp_document_ids"])

    def test_feed_with_documents_is_archived_not_deleted(self):
        order = self._create_order()
        self._push_document(order)
        with self.assertRaisesRegex(UserError, "Archive"):
            self.feed.unlink()
        self._create_feed(name="Unused").unlink()

    # === EVENTS OF THE CODEBOOK === #

    def test_events_ship_on_the_statuses(self):
        for name, status in (
            ("registered", self.saved),
            ("invoiced", self.fulfilled),
            ("cancelled", self.rejected),
        ):
            event = self.env.ref(f"order_status_flags_feed.event_erp_{name}")
            self.assertEqual(event.code, f"erp_{name}")
            self.assertIn(event, status.event_ids)
        event = self.env.ref("order_status_flags_feed.event_erp_shipped")
        shipped = self.env.ref("order_status_flags_stock.status_shipped", False)
        statuses = self.env["sale.order.status"].search([("event_ids", "in", event.ids)])
        self.assertEqual(statuses, shipped or statuses.browse())

    def test_events_come_to_statuses_as_shipped_only(self):
        events = self.env["sale.order.status.event"].search([("code", "=like", "erp_%")])
        invoiced = self.env.ref("order_status_flags_feed.event_erp_invoiced")
        statuses = self.saved + self.fulfilled + self.rejected
        for status in statuses:
            status.event_ids -= events
        # Somebody has decided that invoices do not fulfil, and renamed the rejected status.
        self.fulfilled.event_ids = False
        self.rejected.name = "Cancelled"
        self.saved.document_type = "sale"
        self.env["sale.order.status"]._add_events_to_shipped_statuses()
        self.assertFalse((self.fulfilled + self.saved).event_ids & events)
        self.assertIn("erp_cancelled", self.rejected.event_ids.mapped("code"))
        self.fulfilled.event_ids = self.env.ref("order_status_flags.event_invoice_posted")
        own = self._create_status("Own", event_ids=[Command.set(invoiced.ids)])
        self.env["sale.order.status"]._add_events_to_shipped_statuses()
        self.assertNotIn(invoiced, self.fulfilled.event_ids)
        self.assertIn(invoiced, own.event_ids)

    # === SPEED === #

    def _count_document_queries(self, orders, **document):
        rows = [
            self._document_row(
                order, number=f"N {order.id}", row={"note": f"{order.id}"}, **document
            )
            for order in orders
        ]
        self.env.flush_all()
        self.env.invalidate_all()
        with self._count_queries() as queries:
            answers = self.as_client.push(rows)
            self.env.flush_all()
            self.assertEqual({a["result"] for a in answers}, {"applied"})
        return queries[0]

    def test_queries_grow_by_at_most_60_per_1000_rows(self):
        few, some, many = map(self._create_orders, (3, 50, 550))
        for kind in ("order", "invoice"):
            self._count_document_queries(few, kind=kind)  # warm up
            small = self._count_document_queries(some, kind=kind)
            large = self._count_document_queries(many, kind=kind)
            self.assertLessEqual(large - small, 30, f"{small} for 50 rows, {large} for 550")
            self.assertLessEqual(small, 80)

    def test_moment_is_kept_to_the_microsecond(self):
        order = self._create_order()
        self._push_document(order, row={"changed_at": "2026-03-01T12:00:00.500Z"})
        self.env.invalidate_all()
        early = {"changed_at": "2026-03-01T12:00:00.499Z"}
        self.assertEqual(self._push_document(order, tracking="T", row=early), "stale")
        self.assertEqual(MOMENT[:10], str(self._documents(order).date))
