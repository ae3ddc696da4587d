import base64
from unittest.mock import patch

from markupsafe import Markup

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import html2plaintext, mute_logger

from .common import LATER, MOMENT, PDF, FeedCommon


@tagged("post_install", "-at_install")
class TestDocuments(FeedCommon):
    # === WHAT IS KEPT === #

    def test_document_is_kept_as_the_row_says(self):
        order = self._create_order()
        result = self._push_document(
            order, covers="part", tracking="1Z 999", file=self._file(), state="open"
        )
        self.assertEqual(result, "applied")
        document = self._documents(order)
        self.assertRecordValues(
            document,
            [
                {
                    "feed_id": self.feed.id,
                    "kind": "invoice",
                    "number": "FS 1/2026",
                    "state": "open",
                    "covers": "part",
                    "tracking": "1Z 999",
                }
            ],
        )
        self.assertEqual(str(document.date), "2026-03-01")
        self.assertEqual(document.attachment_id.raw, PDF)
        self.assertEqual(document.attachment_id.name, "FS-1.pdf")
        self.assertEqual(document.attachment_id.mimetype, "application/pdf")
        log = self.feed.log_ids[0]
        self.assertEqual(
            (log.document_kind, log.document_number, log.result, log.order_id, log.external_flag),
            ("invoice", "FS 1/2026", "applied", order, False),
        )

    def test_what_a_later_row_leaves_out_or_gives_as_null_stays(self):
        order = self._create_order()
        self._push_document(
            order, covers="part", tracking="T1", state="cancelled", file=self._file()
        )
        row = self._document_row(order, date=None)
        row["document"].update(state=None, covers=None, tracking=None, file=None, date=None)
        self.assertEqual(self._push(row)[0]["result"], "unchanged")
        self.assertEqual(self._push_document(order, date="2026-03-05"), "applied")
        document = self._documents(order)
        self.assertEqual(
            (document.covers, document.tracking, document.state), ("part", "T1", "cancelled")
        )
        self.assertEqual(str(document.date), "2026-03-05")
        self.assertEqual(document.attachment_id.raw, PDF)
        self.assertEqual(self._push_document(order, date=None, tracking=""), "applied")
        self.assertFalse(document.tracking)
        self.assertEqual(str(document.date), "2026-03-05")

    def test_used_key_is_a_duplicate_and_an_equal_repeat_unchanged(self):
        order = self._create_order()
        row = self._document_row(order, file=self._file())
        answers = self._push(row, row, {**row, "key": "other"})
        self.assertEqual([a["result"] for a in answers], ["applied", "duplicate", "unchanged"])
        answers = self._push(row, {**row, "key": "third", "changed_at": LATER})
        self.assertEqual([a["result"] for a in answers], ["duplicate", "unchanged"])
        self.assertEqual(len(self._documents(order)), 1)
        files = self.env["ir.attachment"].search([("res_model", "=", "sale.order.erp.document")])
        self.assertEqual(len(files.filtered(lambda f: f.res_id == self._documents(order).id)), 1)

    def test_stale_is_counted_per_document_and_apart_from_flags(self):
        order = self._create_order()
        self._push_document(order, row={"changed_at": LATER})
        self.assertEqual(self._push_document(order, covers="part"), "stale")
        self.assertEqual(self._push_document(order, number="FS 2/2026"), "applied")
        self.assertEqual(self._push_document(order, kind="receipt"), "applied")
        self.assertEqual(self._push_one(order), "applied", "the flag has a time of its own")
        self._push_one(order, changed_at=LATER, flag="")
        self.assertEqual(self._push_document(order, kind="delivery"), "applied")
        self.assertEqual(
            self._push_document(order, covers="part", row={"changed_at": LATER}), "applied"
        )

    def test_unchanged_row_counts_for_stale_and_the_same_push_too(self):
        order = self._create_order()
        rows = [
            self._document_row(order, tracking="A"),
            self._document_row(order, row={"changed_at": LATER}),
            self._document_row(order, tracking="B"),
        ]
        self.assertEqual(
            [a["result"] for a in self._push(*rows)], ["applied", "unchanged", "stale"]
        )
        self.assertEqual(self._push_document(order, tracking="B"), "stale")

    def test_other_feed_has_documents_of_its_own(self):
        order = self._create_order()
        other = self._create_feed(name="Other").with_user(self.client)
        self.assertEqual(self._push_document(order), "applied")
        self.assertEqual(self._push_document(order, feed=other), "applied")
        self.assertEqual(len(self._documents(order)), 2)

    def test_replaced_file_removes_the_old_one(self):
        order = self._create_order()
        self._push_document(order, file=self._file())
        old = self._documents(order).attachment_id
        new = PDF + b"% corrected\n"
        self.assertEqual(self._push_document(order, file=self._file(new)), "applied")
        self.assertFalse(old.exists())
        self.assertEqual(self._documents(order).attachment_id.raw, new)
        self.assertEqual(self._push_document(order, file=self._file(new)), "unchanged")

    def test_names_of_files_become_harmless(self):
        order = self._create_order()
        for name, kept in (
            ("../../etc/passwd", "etc-passwd.pdf"),
            ('a"b\r\nX: y.PDF', "a-b-X- y.pdf"),
            (None, "FS 1-2026.pdf"),
            ("...", "document.pdf"),
        ):
            self._push_document(order, file={**self._file(), "name": name})
            self.assertEqual(self._documents(order).attachment_id.name, kept)

    def test_note_goes_to_the_internal_log(self):
        order = self._create_order()
        self._push_document(order, row={"note": "Paid in <b>cash</b>\nby the driver"})
        message = order.message_ids[0]
        self.assertIn("Paid in &lt;b&gt;cash&lt;/b&gt;<br>by the driver", message.body)
        self.assertIn("FS 1/2026", message.body)
        self.assertTrue(message.is_internal)
        count = len(order.message_ids)
        self._push_document(order, row={"note": "Paid in <b>cash</b>\nby the driver"})
        self.assertEqual(len(order.message_ids), count)

    def test_notes_of_many_orders_are_as_core_makes_them(self):
        orders = self._create_orders(3)
        before = orders.message_ids
        notes = ("Packed", "<b>Two</b>\nlines & more", "100 % “paid”")
        rows = [
            self._document_row(order, number=f"WZ {place}", kind="delivery", row={"note": note})
            for place, (order, note) in enumerate(zip(orders, notes, strict=True))
        ]
        self._push(*rows)
        messages = [order.message_ids - before for order in orders]
        self.assertEqual([len(one) for one in messages], [1, 1, 1], "seen without a new look")
        for place, (order, message, note) in enumerate(zip(orders, messages, notes, strict=True)):
            text = html2plaintext(message.body)
            self.assertIn(f"WZ {place}", text)
            for line in note.splitlines():
                self.assertIn(line, text)
            self.assertEqual((message.model, message.res_id), ("sale.order", order.id))
        made = self.env["mail.message"].union(*messages)
        same = ("author_id", "email_from", "subtype_id", "message_type", "is_internal", "date")
        for name in (*same, "create_uid", "reply_to", "record_company_id"):
            self.assertEqual(len({message[name] for message in made}), 1, name)
        self.assertEqual(made.subtype_id, self.env.ref("mail.mt_note"))
        self.assertTrue(made[0].is_internal)

    def test_messages_of_many_orders_take_no_query_each(self):
        orders = self._create_orders(40)

        def count(some):
            bodies = {order.id: Markup("<p>%s</p>") % order.name for order in some}
            with self._count_queries() as queries:
                some._log_erp_notes(bodies)
            return queries[0]

        count(orders[:2])
        self.assertNoMoreQueries(count(orders[:3]), count(orders))

    def test_flag_and_document_of_one_order_in_one_push(self):
        order = self._create_order()
        rows = [
            self._row(order),
            self._document_row(order),
            self._row(order, changed_at=LATER, flag="Odrzucone"),
            self._document_row(order, kind="delivery", number="WZ 1"),
        ]
        self.assertEqual([a["result"] for a in self._push(*rows)], ["applied"] * 4)
        self.assertEqual(
            self._rows(order).mapped("status_id"),
            self.saved + self.in_progress + self.fulfilled + self.rejected,
        )
        self.assertChain(order)

    # === EFFECTS === #

    def test_open_order_registers_and_gives_the_number(self):
        order = self._create_order()
        self.assertEqual(self._push_document(order, kind="order", number="ZK 7/2026"), "applied")
        self.assertEqual(order.external_ref, "ZK 7/2026")
        self.assertEqual(order.order_status_id, self.saved)
        self.assertNotIn("→", "".join(order.message_ids.mapped("body")))

    def test_event_registered_sets_what_carries_it(self):
        order = self._create_order()
        event = self.env.ref("order_status_flags_feed.event_erp_registered")
        self.saved.event_ids -= event
        registered = self._create_status("Registered", event_ids=[Command.set(event.ids)])
        self._push_document(order, kind="order")
        self.assertEqual(order.order_status_id, registered)
        self.assertEqual(self._rows(order)[-1].source, "feed")

    def test_another_number_is_replaced_with_a_note(self):
        order = self._create_order()
        order.external_ref = "ZK 1"
        self.assertEqual(self._push_document(order, kind="order", number="ZK 2"), "applied")
        self.assertEqual(order.external_ref, "ZK 2")
        self.assertIn("ZK 1 → ZK 2", order.message_ids[0].body)
        self.assertTrue(order.message_ids[0].is_internal)

    def test_later_rows_of_the_push_find_the_order_by_its_new_number(self):
        order = self._create_order()
        order.external_ref = "ZK 1"
        self.feed.order_ref_field = "external_ref"
        rows = [
            self._document_row(kind="order", number="ZK 2", row={"order": "ZK 1"}),
            self._document_row(kind="delivery", number="WZ 1", row={"order": "ZK 2"}),
            {**self._row(), "order": "ZK 1"},
            {**self._row(), "order": "ZK 2"},
        ]
        self.assertEqual(
            [a["result"] for a in self._push(*rows)],
            ["applied", "applied", "unknown_order", "applied"],
        )
        self.assertEqual(self._push(*rows[1:3])[1]["result"], "unknown_order")

    def test_number_that_another_order_has_already_is_ambiguous(self):
        order, other = self._create_orders(2)
        order.external_ref, other.external_ref = "ZK 1", "ZK 2"
        self.feed.order_ref_field = "external_ref"
        answers = self._push(
            self._document_row(kind="order", number="ZK 2", row={"order": "ZK 1"}),
            {**self._row(), "order": "ZK 2"},
        )
        self.assertEqual([a["result"] for a in answers], ["applied", "unknown_order"])
        self.assertIn("2 orders", answers[1]["message"])

    def test_invoice_and_receipt_of_everything_fulfil_with_one_mail(self):
        for kind in ("invoice", "receipt"):
            order = self._create_order()
            self.assertEqual(self._push_document(order, kind=kind, covers="part"), "applied")
            self.assertEqual(order.order_status_id, self.saved)
            self.assertEqual(self._push_document(order, kind=kind, covers="all"), "applied")
            self.assertEqual(order.order_status_id, self.fulfilled)
            self._push_document(order, kind=kind, file=self._file())
            self._push_document(order, kind=kind, number="FS 2/2026")
            row = self._rows(order)[-1]
            self.assertEqual(
                self._rows(order).mapped("mail_state"), ["none", "pending"], "one mail"
            )
            self.assertEqual((row.source, row.feed_id), ("feed", self.feed))
            changes = self.as_client.changes()["changes"]
            told = [change["status"] for change in changes if change["order"] == order.name]
            self.assertNotIn(self.fulfilled.name, told, "its own push")

    def test_event_never_moves_back_nor_brings_a_status_again(self):
        order = self._create_order()
        self._push_document(order)
        order.set_order_status(self.in_progress.id, notify=False)
        self._push_document(order, tracking="later")
        self.assertEqual(order.order_status_id, self.in_progress, "it was invoiced before")
        self._push_document(order, state="cancelled")
        self.assertEqual(order.order_status_id, self.in_progress)
        self._push_document(order, state="open")
        self.assertEqual(order.order_status_id, self.fulfilled)
        self._push_document(order, state="cancelled")
        self.assertEqual(order.order_status_id, self.fulfilled)

    def test_event_that_may_not_follow_is_skipped(self):
        order = self._create_order()
        self.saved.next_status_ids = self.in_progress
        self.assertEqual(self._push_document(order), "applied")
        self.assertEqual(order.order_status_id, self.saved)
        self.assertEqual(self._documents(order).state, "open")

    def test_delivery_of_everything_ships(self):
        event = self.env.ref("order_status_flags_feed.event_erp_shipped")
        shipped = self.env["sale.order.status"].search([("event_ids", "in", event.ids)])
        shipped = shipped or self._create_status("Gone", event_ids=[Command.set(event.ids)])
        order = self._create_order()
        self._push_document(order, kind="delivery", covers="part")
        self.assertEqual(order.order_status_id, self.saved)
        self._push_document(order, kind="delivery", number="WZ 2")
        self.assertEqual(order.order_status_id, shipped)

    def test_documents_close_cancelling_until_they_are_cancelled(self):
        for kind, word in (
            ("delivery", "shipped"),
            ("invoice", "invoiced"),
            ("receipt", "invoiced"),
        ):
            order = self._create_order()
            self.assertEqual(order.customer_cancellation, "allowed")
            self._push_document(order, kind=kind, covers="part")
            self.assertEqual(order.customer_cancellation, "closed")
            self.assertIn(word, order.customer_cancellation_reason)
            with self.assertRaisesRegex(UserError, word):
                order._customer_cancel("no more", self.customer)
            self._push_document(order, kind=kind, state="cancelled")
            self.assertEqual(order.customer_cancellation, "allowed")
            order._customer_cancel("no more", self.customer)
            self.assertEqual(order.state, "cancel")

    def test_documents_change_the_order_status_page(self):
        order = self._create_order()
        reader = self.env.ref("base.public_user")
        for state in ("open", "cancelled"):
            etag = order._get_page_etag(reader)
            self._push_document(order, kind="delivery", covers="part", state=state)
            self.assertNotEqual(order._get_page_etag(reader), etag)

    def test_open_order_of_the_erp_does_not_close_cancelling(self):
        order = self._create_order()
        self._push_document(order, kind="order")
        self.assertEqual(order.customer_cancellation, "allowed")

    def test_request_cannot_be_accepted_once_it_is_invoiced(self):
        order = self._create_order()
        order.set_order_status(self.in_progress.id)
        self.assertEqual(order._customer_cancel("please", self.customer), "requested")
        self._push_document(order, covers="part")
        with self.assertRaisesRegex(UserError, "invoiced"):
            order.action_accept_cancellation()

    # === CANCELLED IN THE ERP === #

    def test_cancelled_order_is_cancelled_here(self):
        order = self._create_order()
        self._push_document(order, kind="order", number="ZK 1")
        self._push_document(order, covers="part")
        result = self._push_document(order, kind="order", number="ZK 1", state="cancelled")
        self.assertEqual(result, "applied", "its own invoice is no obstacle")
        self.assertEqual((order.state, order.order_status_id), ("cancel", self.rejected))
        self.assertEqual(self._rows(order).mapped("mail_state"), ["none", "pending"])
        self.assertChain(order)
        self.assertEqual(
            self._push_document(order, kind="order", number="ZK 1", state="cancelled"), "unchanged"
        )

    def test_unknown_order_document_may_come_as_cancelled_at_once(self):
        order = self._create_order()
        self.assertEqual(self._push_document(order, kind="order", state="cancelled"), "applied")
        self.assertEqual(order.state, "cancel")
        self.assertFalse(order.external_ref)

    def test_cancelling_is_refused_by_the_seller_s_checks(self):
        locked, other, invoiced = self._create_orders(3)
        locked.locked = True
        foreign = self._create_feed(name="Other").with_user(self.client)
        self._push_document(other, covers="part", feed=foreign)
        invoiced._create_invoices().action_post()
        for order, word in ((locked, "locked"), (other, "invoiced"), (invoiced, "invoiced")):
            answer = self._push(self._document_row(order, kind="order", state="cancelled"))[0]
            self.assertEqual(answer["result"], "refused")
            self.assertIn(word, answer["message"])
            self.assertIn(order.name, answer["message"])
            self.assertNotEqual(order.state, "cancel")
            self.assertFalse(self._documents(order).filtered(lambda d: d.kind == "order"))
        row = self._document_row(locked, kind="order", state="cancelled")
        self.assertEqual(self._push(row)[0]["result"], "refused")
        locked.locked = False
        self.assertEqual(self._push(row)[0]["result"], "applied", "the key was not used up")

    def test_one_order_that_cannot_be_cancelled_stops_no_other(self):
        orders = self._create_orders(5)
        model = type(orders)
        cancel = model._action_cancel

        def failing(records):
            if orders[2] in records:
                raise UserError("Not this one.")  # pylint: disable=translation-required
            return cancel(records)

        rows = [self._document_row(order, kind="order", state="cancelled") for order in orders]
        with patch.object(model, "_action_cancel", failing):
            answers = self._push(*rows)
        self.assertEqual(
            [a["result"] for a in answers], ["applied", "applied", "refused", "applied", "applied"]
        )
        self.assertEqual(answers[2]["message"], "Not this one.")
        self.assertEqual(set((orders - orders[2]).mapped("state")), {"cancel"})
        self.assertFalse(self._documents(orders[2]))
        self.assertEqual(orders[2].order_status_id, self.saved)

    def test_feed_that_does_not_cancel_sets_the_status_alone(self):
        self.feed.cancel_orders = False
        order, done, rejected = self._create_orders(3)
        self.in_progress.next_status_ids = self.fulfilled
        order.set_order_status(self.in_progress.id)
        done.set_order_status(self.fulfilled.id)
        own = self._create_status("Out of stock", category="rejected")
        rejected.set_order_status(own.id)
        for one in (order, done, rejected):
            result = self._push_document(one, kind="order", state="cancelled")
            self.assertEqual((result, one.state), ("applied", "sale"))
        self.assertEqual(order.order_status_id, self.rejected, "from any status")
        self.assertEqual(done.order_status_id, self.rejected)
        self.assertEqual(rejected.order_status_id, own, "but a rejected one")

    def test_rejected_status_that_is_there_stays_when_the_erp_cancels(self):
        own = self._create_status("Out of stock", category="rejected")
        order = self._create_order()
        order.set_order_status(own.id)
        self._push_document(order, kind="order", state="cancelled")
        self.assertEqual((order.state, order.order_status_id), ("cancel", own))

    def test_order_cancelled_here_already_is_applied(self):
        order = self._create_order()
        order.action_cancel()
        rows = len(self._rows(order))
        self.assertEqual(self._push_document(order, kind="order", state="cancelled"), "applied")
        self.assertEqual(len(self._rows(order)), rows)

    def test_rows_behind_a_cancellation_are_judged_by_it(self):
        order = self._create_order()
        rows = [
            self._document_row(order, kind="order", state="cancelled"),
            self._row(order),
            self._document_row(order, kind="invoice"),
        ]
        answers = self._push(*rows)
        self.assertEqual([a["result"] for a in answers], ["applied", "refused", "applied"])
        self.assertEqual((order.state, order.order_status_id), ("cancel", self.rejected))
        self.assertTrue(order.is_against_rejection, "a person is told of the invoice")

    def test_invoice_of_a_rejected_order_tells_a_person(self):
        order = self._create_order()
        order.action_cancel()
        self._push_document(order, covers="part")
        self.assertTrue(order.is_against_rejection)
        self.assertEqual(order.order_status_id, self.rejected)

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

    def _count_document_queries(self, count, **document):
        orders = self._create_orders(count)
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
        for kind in ("order", "invoice"):
            self._count_document_queries(3, kind=kind)  # warm up
            small = self._count_document_queries(50, kind=kind)
            large = self._count_document_queries(550, kind=kind)
            self.assertLessEqual(large - small, 30, f"{small} for 50 rows, {large} for 550")
            self.assertLessEqual(small, 80)

    def test_moment_is_kept_to_the_microsecond(self):
        order = self._create_order()
        self._push_document(order, row={"changed_at": "2026-03-01T12:00:00.500Z"})
        self.env.invalidate_all()
        early = {"changed_at": "2026-03-01T12:00:00.499Z"}
        self.assertEqual(self._push_document(order, tracking="T", row=early), "stale")
        self.assertEqual(MOMENT[:10], str(self._documents(order).date))
