from unittest.mock import patch

from markupsafe import Markup

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import html2plaintext

from .common import LATER, PDF, FeedCommon


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

    def test_deleted_order_leaves_no_file(self):
        order = self._create_order()
        self._push_document(order, kind="order", number="ZK 1", file=self._file())
        attachment = self._documents(order).attachment_id
        order.action_cancel()
        order.unlink()
        self.assertFalse(attachment.exists())

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
        page = order.order_tracking_token, self.env.ref("base.public_user")
        for state in ("open", "cancelled"):
            etag = order._find_page_etag(*page)
            self._push_document(order, kind="delivery", covers="part", state=state)
            self.assertNotEqual(order._find_page_etag(*page), etag)

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
