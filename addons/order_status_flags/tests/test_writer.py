from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.order_status_flags.status_change import StatusChange
from odoo.addons.sale.models.sale_order import SaleOrder

from .common import OrderStatusCommon


@tagged("post_install", "-at_install")
class TestStatusWriter(OrderStatusCommon):
    """The one writer: by every path, with the same rules and the same history."""

    def test_method_sets_status_and_writes_one_row(self):
        order = self._create_order()
        self.assertTrue(order.set_order_status(self.in_progress.id, note="on the shelf"))
        row = self._rows(order)[-1]
        self.assertEqual(order.order_status_id, self.in_progress)
        self.assertEqual(row.previous_status_id, self.saved)
        self.assertEqual(row.status_id, self.in_progress)
        self.assertEqual(row.source, "manual")
        self.assertEqual(row.note, "on the shelf")
        self.assertEqual(row.mail_state, "pending")
        self.assertEqual(order.order_status_date, row.date)
        self.assertEqual(order.customer_status_id, self.in_progress)
        self.assertChain(order)

    def test_same_status_twice_is_nothing(self):
        order = self._create_order()
        order.set_order_status(self.in_progress.id)
        before = self._rows(order)
        order.set_order_status(self.in_progress.id, note="again")
        order.write({"order_status_id": self.in_progress.id})
        self.assertEqual(self._rows(order), before)

    def test_plain_write_takes_the_same_path(self):
        orders = self._create_orders(2)
        orders.write({"order_status_id": self.in_progress.id, "client_order_ref": "PO-1"})
        for order in orders:
            self.assertEqual(order.client_order_ref, "PO-1")
            self.assertEqual(self._rows(order)[-1].status_id, self.in_progress)
            self.assertChain(order)

    def test_import_takes_the_same_path(self):
        order = self._create_order()
        result = self.env["sale.order"].load(
            ["id", "order_status_id"], [[order.export_data(["id"])["datas"][0][0], "In progress"]]
        )
        self.assertFalse(result["messages"])
        self.assertEqual(self._rows(order)[-1].status_id, self.in_progress)

    def test_create_takes_the_same_path(self):
        order = self._create_order(confirm=False, state="sale", order_status_id=self.in_progress.id)
        self.assertEqual(self._rows(order).status_id, self.in_progress)
        with self.assertRaisesRegex(UserError, "not an order yet"):
            self._create_order(confirm=False, order_status_id=self.in_progress.id)

    def test_derived_fields_cannot_be_written(self):
        order = self._create_order()
        for values in (
            {"order_status_date": "2020-01-01 00:00:00"},
            {"order_tracking_token": "x" * 40},
            {"cancellation_requested_on": "2020-01-01 00:00:00"},
            {"customer_status_id": self.fulfilled.id},
        ):
            with self.assertRaises(UserError):
                order.write(values)

        before = order.read(["order_status_date", "order_tracking_token", "customer_status_id"])
        for name in ("order_status_date", "order_tracking_token", "customer_status_id"):
            with self.assertRaises(UserError), self.cr.savepoint():
                order.write({name: False})
        self.assertEqual(
            order.read(["order_status_date", "order_tracking_token", "customer_status_id"]), before
        )

    def test_defaults_do_not_go_past_the_writer(self):
        order = (
            self.env["sale.order"]
            .with_user(self.seller)
            .with_context(
                default_order_status_id=self.fulfilled.id,
                default_order_flag_id=self.flag_rejected.id,
                default_order_tracking_token="x" * 40,
                default_was_placed=True,
            )
            .create({"partner_id": self.customer.id})
        )
        self.assertFalse(order.order_status_id)
        self.assertFalse(order.order_flag_id)
        self.assertFalse(order.order_tracking_token)
        self.assertFalse(order.was_placed)

    def test_history_is_append_only(self):
        row = self._rows(self._create_order())
        for values in ({"status_id": self.fulfilled.id}, {"note": "x"}, {"date": "2020-01-01"}):
            with self.assertRaises(UserError):
                row.write(values)
            with self.assertRaises(UserError):
                row.with_user(self.manager).write(values)
        with self.assertRaises(UserError):
            row.unlink()
        with self.assertRaises(AccessError):
            row.with_user(self.manager).unlink()
        with self.assertRaises(AccessError):
            row.order_id.with_user(self.manager).write(
                {"status_history_ids": [(0, 0, {"source": "manual", "date": "2020-01-01"})]}
            )

    def test_flag_brings_its_status_and_note(self):
        flag = self._create_flag(status_id=self.in_progress.id, default_note="see shelf")
        order = self._create_order()
        order.set_order_flag(flag.id)
        self.assertEqual(order.order_flag_note, "see shelf")
        self.assertEqual(order.order_status_id, self.in_progress)
        self.assertEqual(self._rows(order)[-1].source, "flag")
        # the same again is nothing, a new note is a row without e-mail
        count = len(self._rows(order))
        order.set_order_flag(flag.id)
        self.assertEqual(len(self._rows(order)), count)
        order.set_order_flag(flag.id, note="hurry")
        row = self._rows(order)[-1]
        self.assertEqual((row.note, row.mail_state, row.flag_id), ("hurry", "none", flag))
        self.assertEqual(row.previous_status_id, row.status_id)
        self.assertChain(order)

    def test_flag_cleared_keeps_status(self):
        order = self._create_order()
        order.set_order_flag(self.flag_in_progress.id, note="x")
        order.set_order_flag(False)
        self.assertFalse(order.order_flag_id)
        self.assertFalse(order.order_flag_note)
        self.assertEqual(order.order_status_id, self.in_progress)

    def test_note_by_write(self):
        order = self._create_order()
        with self.assertRaisesRegex(UserError, "no flag"):
            order.write({"order_flag_note": "alone"})
        order.write({"order_flag_id": self.flag_in_progress.id, "order_flag_note": "both"})
        self.assertEqual(order.order_flag_note, "both")
        order.order_flag_note = False
        self.assertFalse(order.order_flag_note)
        self.assertEqual(order.order_flag_id, self.flag_in_progress)

    def test_refused_changes_nothing_by_any_path(self):
        other_company = self.env["res.company"].create({"name": "Other"})
        cases = {
            "archived": self._create_status(active=False),
            "documents of type": self._create_status(document_type="web"),
            "another company": self._create_status(company_id=other_company.id),
        }
        orders = self._create_orders(2)
        for message, status in cases.items():
            for change in (
                lambda status=status: orders.set_order_status(status.id),
                lambda status=status: orders.write({"order_status_id": status.id}),
                lambda status=status: (
                    orders.sudo(False)
                    .with_user(self.manager)
                    .set_order_status(status.id, force=True)
                ),
            ):
                with self.assertRaisesRegex(UserError, message), self.cr.savepoint():
                    change()
        for order in orders:
            self.assertEqual(order.order_status_id, self.saved)
            self.assertEqual(len(self._rows(order)), 1)

    def test_refused_flags(self):
        other_company = self.env["res.company"].create({"name": "Other"})
        order = self._create_order()
        cases = {
            "archived": self._create_flag(active=False),
            "documents of type": self._create_flag(document_type="web"),
            "another company": self._create_flag(company_id=other_company.id),
            "not among those": self._create_flag(
                group_ids=[(6, 0, self.env.ref("base.group_system").ids)]
            ),
        }
        for message, flag in cases.items():
            with self.assertRaisesRegex(UserError, message), self.cr.savepoint():
                order.with_user(self.seller).set_order_flag(flag.id)
            with self.assertRaisesRegex(UserError, message), self.cr.savepoint():
                order.with_user(self.seller).write({"order_flag_id": flag.id})
        self.assertFalse(order.order_flag_id)

    def test_restricted_flag_cannot_be_replaced_or_cleared(self):
        flag = self._create_flag(
            group_ids=[(6, 0, self.env.ref("order_status_flags.group_status_manager").ids)]
        )
        order = self._create_order()
        order.with_user(self.manager).set_order_flag(flag.id)
        seller_order = order.with_user(self.seller)
        for change in (
            lambda: seller_order.set_order_flag(False),
            lambda: seller_order.set_order_flag(self.flag_in_progress.id),
            lambda: seller_order.set_order_flag(flag.id, note="other"),
        ):
            with self.assertRaisesRegex(UserError, "not among those"), self.cr.savepoint():
                change()
        # the status is nobody's flag
        seller_order.set_order_status(self.in_progress.id)
        self.assertEqual(order.order_flag_id, flag)

    def test_unknown_and_garbage_ids(self):
        order = self._create_order()
        for bad in (999_999_999, -1, "abc", [1], {"a": 1}, 1.5, True):
            with self.assertRaises(UserError), self.cr.savepoint():
                order.set_order_status(bad)
            with self.assertRaises(UserError), self.cr.savepoint():
                order.set_order_flag(bad)
        for bad in (["x"], {"a": 1}, 5, "y" * 10_001):
            with self.assertRaises(UserError), self.cr.savepoint():
                order.set_order_status(self.in_progress.id, note=bad)
        self.assertEqual(len(self._rows(order)), 1)

    def test_quotation_and_cart_have_no_status(self):
        quotation = self._create_order(confirm=False)
        cart = self._create_order(confirm=False, document_type="web")
        sent = self._create_order(confirm=False)
        sent.action_quotation_sent()
        for order in (quotation, cart, sent):
            self.assertFalse(order.order_status_id)
            with self.assertRaisesRegex(UserError, "not an order yet"), self.cr.savepoint():
                order.set_order_status(self.in_progress.id)
            with self.assertRaisesRegex(UserError, "not an order yet"), self.cr.savepoint():
                order.set_order_flag(self.flag_in_progress.id)

    def test_next_statuses_and_force(self):
        self.saved.next_status_ids = self.in_progress
        order = self._create_order()
        with self.assertRaisesRegex(UserError, "Allowed are: In progress"), self.cr.savepoint():
            order.set_order_status(self.fulfilled.id)
        with self.assertRaises(AccessError), self.cr.savepoint():
            order.with_user(self.seller).set_order_status(self.fulfilled.id, force=True)
        order.with_user(self.manager).set_order_status(self.fulfilled.id, force=True)
        row = self._rows(order)[-1]
        self.assertEqual(order.order_status_id, self.fulfilled)
        self.assertTrue(row.is_forced)
        self.assertEqual(row.user_id, self.manager)

    def test_clearing(self):
        order = self._create_order()
        for change in (
            lambda: order.set_order_status(False),
            lambda: order.write({"order_status_id": False}),
        ):
            with self.assertRaisesRegex(UserError, "cannot be emptied"), self.cr.savepoint():
                change()
        order.with_user(self.manager).set_order_status(False, force=True)
        self.assertFalse(order.order_status_id)
        self.assertFalse(order.customer_status_id)
        self.assertEqual(self._rows(order)[-1].mail_state, "none")
        self.assertChain(order)

    def test_cancelled_order_only_takes_rejected(self):
        order = self._create_order()
        order.action_cancel()
        self.assertEqual(order.order_status_id, self.rejected)
        for status in (self.in_progress, self.env["sale.order.status"]):
            with self.assertRaisesRegex(UserError, "is cancelled"), self.cr.savepoint():
                order.with_user(self.manager).set_order_status(status.id, force=True)
        other = self._create_status("Out of stock", category="rejected")
        order.set_order_status(other.id)
        self.assertEqual(order.order_status_id, other)

    def test_flag_that_cancels(self):
        flag = self._create_flag(
            "Out of stock",
            cancel_order=True,
            status_id=self._create_status("Out of stock", category="rejected").id,
        )
        order, locked = self._create_orders(2)
        locked.action_lock()
        with self.assertRaisesRegex(UserError, "locked"), self.cr.savepoint():
            (order | locked).set_order_flag(flag.id)
        self.assertEqual(order.state, "sale")
        order.with_user(self.seller).set_order_flag(flag.id)
        self.assertEqual(order.state, "cancel")
        self.assertEqual(order.order_status_id.name, "Out of stock")
        self.assertChain(order)

    def test_flag_that_cancels_without_status(self):
        flag = self._create_flag("Stop", cancel_order=True)
        order = self._create_order()
        order.set_order_flag(flag.id)
        self.assertEqual(order.state, "cancel")
        self.assertEqual(order.order_status_id, self.rejected)
        self.assertChain(order)

    def test_flag_that_cancels_mails_nobody_when_not_wanted(self):
        flag = self._create_flag("Stop", cancel_order=True)
        order = self._create_order()
        order.set_order_flag(flag.id, notify=False)
        self.assertNotIn("pending", self._rows(order).mapped("mail_state"))

    def test_status_of_a_cancelling_flag_stays_rejected(self):
        status = self._create_status("Out of stock", category="rejected")
        self._create_flag("Stop", cancel_order=True, status_id=status.id)
        with self.assertRaisesRegex(UserError, "cancels the order"), self.cr.savepoint():
            status.category = "done"
        with self.assertRaisesRegex(UserError, "Archive it"), self.cr.savepoint():
            status.unlink()

    def test_notes_that_cannot_be_stored(self):
        order = self._create_order()
        order.write({"order_flag_id": self.flag_in_progress.id, "order_flag_note": "a\x00b"})
        self.assertEqual(order.order_flag_note, "ab")
        order.set_order_flag(self.flag_in_progress.id, note="c\ud800d")
        self.assertEqual(order.order_flag_note, "cd")
        with self.assertRaisesRegex(UserError, "too long"), self.cr.savepoint():
            order.order_flag_note = "x" * 20_000

    def test_all_or_nothing(self):
        order, quotation = self._create_order(), self._create_order(confirm=False)
        with self.assertRaises(UserError), self.cr.savepoint():
            (order | quotation).set_order_flag(self.flag_in_progress.id)
        self.assertEqual(order.order_status_id, self.saved)

    def test_access(self):
        order = self._create_order()
        portal = self.env["res.users"].create(
            {
                "name": "P",
                "login": "test_portal",
                "partner_id": self.customer.id,
                "group_ids": [(6, 0, self.env.ref("base.group_portal").ids)],
            }
        )
        as_portal = order.with_user(portal)
        for call in (
            lambda: as_portal.set_order_status(self.in_progress.id),
            lambda: as_portal.set_order_flag(self.flag_in_progress.id),
            as_portal.rotate_tracking_token,
            as_portal.action_accept_cancellation,
            as_portal.action_decline_cancellation,
            lambda: as_portal.write({"order_status_id": self.in_progress.id}),
            lambda: self._rows(order).with_user(portal).action_resend_mail(),
            lambda: self._rows(order).with_user(portal).read(["note"]),
            lambda: as_portal.read(["order_status_id"]),
            lambda: as_portal.read(["order_flag_id", "order_flag_note"]),
            lambda: as_portal.read(["order_tracking_token"]),
            lambda: as_portal.read(["tracking_url"]),
            lambda: self.saved.with_user(portal).read(["name"]),
            lambda: self.flag_in_progress.with_user(portal).read(["name"]),
        ):
            with self.assertRaises(AccessError), self.cr.savepoint():
                call()
        self.assertEqual(
            as_portal.read(["customer_status_id"])[0]["customer_status_id"][1], "Saved"
        )
        self.assertEqual(as_portal.customer_cancellation, "allowed")

    def test_hidden_status_keeps_the_last_public_one(self):
        hidden = self._create_status("Credit check", is_public=False)
        order = self._create_order()
        order.set_order_status(hidden.id)
        self.assertEqual(order.customer_status_id, self.saved)
        hidden.is_public = True
        self.assertEqual(order.customer_status_id, hidden)
        hidden.is_public = False
        self.assertEqual(order.customer_status_id, self.saved)
        self.assertEqual(len(self._rows(order)), 2)

    def test_stuck(self):
        self.in_progress.max_days = 2
        order, other = self._create_orders(2)
        (order | other).set_order_status(self.in_progress.id)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order SET order_status_date = now() - interval '3 days' WHERE id = %s",
            [order.id],
        )
        self.env.invalidate_all()
        self.assertTrue(order.is_status_stuck)
        self.assertFalse(other.is_status_stuck)
        found = self.env["sale.order"].search(
            [("is_status_stuck", "=", True), ("id", "in", (order | other).ids)]
        )
        self.assertEqual(found, order)
        found = self.env["sale.order"].search(
            [("is_status_stuck", "=", False), ("id", "in", (order | other).ids)]
        )
        self.assertEqual(found, other)
        either = [("is_status_stuck", "in", [True, False]), ("id", "in", (order | other).ids)]
        self.assertEqual(self.env["sale.order"].search(either), order | other)

    def test_note_of_clearing_a_flag_is_kept(self):
        order = self._create_order()
        order.set_order_flag(self.flag_in_progress.id, note="shelf 2")
        order.set_order_flag(False, note="sent by mistake")
        self.assertFalse(order.order_flag_id)
        self.assertFalse(order.order_flag_note)
        self.assertEqual(order.order_status_id, self.in_progress)
        self.assertEqual(self._rows(order)[-1].note, "sent by mistake")

    def test_order_that_is_made_a_quotation_has_no_status(self):
        order = self._create_order(confirm=False, document_type="web")
        order.action_quotation_sent()
        self.assertEqual(order.order_status_id, self.saved)
        order.document_type = "sale"
        self.assertFalse(order.order_status_id)
        self.assertFalse(order.was_placed)
        self.assertChain(order)

    def test_duration_is_measured(self):
        order = self._create_order()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order SET order_status_date = order_status_date - interval '90 minutes'"
            " WHERE id = %s",
            [order.id],
        )
        self.env.invalidate_all()
        order.set_order_status(self.in_progress.id)
        self.assertAlmostEqual(self._rows(order)[-1].duration, 1.5, places=1)

    def test_what_many_have_in_common_is_one_write(self):
        """Their notes differ, as those of a push: each is a write of its own, and before it."""
        orders, written, write = self._create_orders(5), [], SaleOrder.write

        def noted(orders, vals):
            written.append((len(orders), vals.keys()))
            return write(orders, vals)

        flag = self.flag_in_progress
        changes = [StatusChange(order, flag=flag, flag_note=order.name) for order in orders]
        with patch.object(SaleOrder, "write", noted):
            orders._change_status(changes, source="flag")
        self.assertEqual(written[:5], [(1, {"order_flag_note"})] * 5)
        self.assertEqual([count for count, _names in written[5:]], [5])
        self.assertEqual(orders.mapped("order_flag_note"), orders.mapped("name"))
        self.assertEqual(orders.order_flag_id, flag)
        for order in orders:
            self.assertEqual(self._rows(order)[-1].note, order.name)

    def test_bulk_query_count_does_not_grow(self):
        counts = []
        for size in (20, 200):
            orders = self._create_orders(size)
            self.env.flush_all()
            self.env.invalidate_all()
            orders = self.env["sale.order"].browse(orders.ids)
            with self._count_queries() as queries:
                orders.set_order_flag(self.flag_in_progress.id)
            counts.append(queries[0])
        self.assertNoMoreQueries(*counts, extra=6)  # inserts go in batches of 100
        self.assertLessEqual(counts[1], 60)
