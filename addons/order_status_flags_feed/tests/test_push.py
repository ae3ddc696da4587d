from datetime import datetime, timedelta, timezone
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from .common import FeedCommon


def moment(**delta):
    return (datetime.now(timezone.utc) + timedelta(**delta)).isoformat()


@tagged("post_install", "-at_install")
class TestPush(FeedCommon):
    def test_numbers_are_looked_up_as_a_whole(self):
        """Odoo's index of parts of numbers would find each of them by itself."""
        for way in ("seqscan", "bitmapscan"):
            self.env.cr.execute(SQL("SELECT set_config(%s, 'off', true)", f"enable_{way}"))
        domain = [("name", "in", ["S77001", "S77002"])]
        query = self.env["sale.order"]._search(domain, order="name")
        rows = self.env.execute_query(SQL("EXPLAIN %s", query.select()))
        self.assertIn("sale_order_whole_name_idx", "\n".join(line for (line,) in rows))

    # === RESULTS === #

    def test_applied_sets_flag_status_note_and_source(self):
        order = self._create_order()
        self.assertEqual(self._push_one(order, note="Packing today"), "applied")
        self.assertEqual(order.order_flag_id, self.flag_in_progress)
        self.assertEqual(order.order_status_id, self.in_progress)
        self.assertEqual(order.order_flag_note, "Packing today")
        row = self._rows(order)[-1]
        self.assertEqual((row.source, row.mail_state), ("feed", "pending"))
        self.assertEqual(row.user_id, self.client)
        self.assertEqual(row.feed_id, self.feed)
        self.assertTrue(self.feed.last_push)
        self.assertChain(order)

    def test_same_flag_again_is_unchanged(self):
        order = self._create_order()
        self._push_one(order)
        rows = len(self._rows(order))
        self.assertEqual(self._push_one(order), "unchanged")
        self.assertEqual(len(self._rows(order)), rows)

    def test_missing_and_null_note_are_no_note(self):
        self.flag_in_progress.default_note = "By default"
        for note in ({}, {"note": None}, {"note": ""}, {"note": "  "}):
            order = self._create_order()
            row = self._row(order)
            row.pop("note")
            self.assertEqual(self._push({**row, **note})[0]["result"], "applied")
            self.assertEqual(order.order_flag_note, "By default")

    def test_empty_flag_clears_and_leaves_the_status(self):
        order = self._create_order()
        self._push_one(order, note="Packing")
        self.assertEqual(self._push_one(order, flag="", note="taken off"), "applied")
        self.assertFalse(order.order_flag_id)
        self.assertFalse(order.order_flag_note)
        self.assertEqual(order.order_status_id, self.in_progress)
        self.assertEqual(self._rows(order)[-1].note, "taken off")
        self.assertEqual(self._push_one(order, flag=""), "unchanged")

    def test_used_key_is_duplicate_from_then_on(self):
        order, other = self._create_orders(2)
        row = self._row(order)
        again = {**row, "order": other.name, "flag": "Odrzucone"}
        unchanged = self._row(order)
        self.assertEqual(
            [answer["result"] for answer in self._push(row, row, again, unchanged, unchanged)],
            ["applied", "duplicate", "duplicate", "unchanged", "duplicate"],
        )
        self.assertEqual(
            [answer["result"] for answer in self._push(again, unchanged)], ["duplicate"] * 2
        )
        self.assertFalse(other.order_flag_id)

    def test_key_is_used_up_in_its_own_feed_only(self):
        order = self._create_order()
        row = self._row(order)
        self._push(row)
        other_feed = self._create_feed(name="Other").with_user(self.client)
        self.assertEqual(self._push(row, feed=other_feed)[0]["result"], "unchanged")

    def test_key_that_failed_may_be_sent_again(self):
        order = self._create_order()
        row = self._row(order, key="again")
        for bad in ({"order": "S-none"}, {"flag": "Nieznana"}, {"changed_at": "yesterday"}):
            self.assertNotIn(
                self._push({**row, **bad})[0]["result"], ("applied", "unchanged", "duplicate")
            )
        self.assertEqual(
            [a["result"] for a in self._push({**row, "flag": "Nieznana"}, row)],
            ["unknown_flag", "applied"],
        )

    def test_older_change_is_stale_and_equal_times_are_not(self):
        order = self._create_order()
        self._push_one(order, changed_at="2026-03-01T12:00:00.500Z")
        self.assertEqual(
            self._push_one(order, flag="", changed_at="2026-03-01T12:00:00.499Z"), "stale"
        )
        self.assertEqual(
            self._push_one(order, flag="", changed_at="2026-03-01T13:00:00.500+01:00"), "applied"
        )
        self.assertEqual(self._push_one(order, changed_at="2026-03-01T12:00:01Z"), "applied")

    def test_stale_counts_unchanged_rows_but_not_failed_ones(self):
        order = self._create_order()
        self._push_one(order, changed_at="2026-03-01T12:00:00Z")
        self._push_one(order, changed_at="2026-03-03T12:00:00Z")  # unchanged
        self._push_one(order, flag="Nieznana", changed_at="2026-03-09T12:00:00Z")
        self.assertEqual(self._push_one(order, flag="", changed_at="2026-03-02T12:00:00Z"), "stale")
        self.assertEqual(
            self._push_one(order, flag="", changed_at="2026-03-04T12:00:00Z"), "applied"
        )

    def test_order_of_rows_within_one_call(self):
        order = self._create_order()
        self.assertEqual(
            [
                answer["result"]
                for answer in self._push(
                    self._row(order, changed_at="2026-03-01T10:00:00Z"),
                    self._row(order, flag="", changed_at="2026-03-01T11:00:00Z"),
                    self._row(order, changed_at="2026-03-01T10:30:00Z"),
                    self._row(order, flag="Odrzucone", changed_at="2026-03-01T12:00:00Z"),
                )
            ],
            ["applied", "applied", "stale", "applied"],
        )
        self.assertEqual(order.order_flag_id, self.flag_rejected)
        self.assertChain(order)
        pending = self._rows(order).filtered(lambda row: row.mail_state == "pending")
        self.assertEqual(pending.status_id, self.rejected, "only the last status is told")

    def test_unknown_order_says_how_many(self):
        feed = self._create_feed(order_ref_field="client_order_ref").with_user(self.client)
        self._create_orders(2, client_order_ref="PO-7")
        answers = feed.push([{**self._row(), "order": "PO-7"}, {**self._row(), "order": "PO-8"}])
        self.assertEqual([a["result"] for a in answers], ["unknown_order"] * 2)
        self.assertIn("2 orders", answers[0]["message"])
        self.assertIn("0 found", answers[1]["message"])

    def test_what_is_no_order_yet_is_refused_and_stands_in_no_orders_way(self):
        feed = self._create_feed(order_ref_field="client_order_ref").with_user(self.client)
        self._create_order(client_order_ref="PO-7", confirm=False)
        rows = [{**self._row(), "order": "PO-7"}, {**self._document_row(), "order": "PO-7"}]
        self.assertEqual([a["result"] for a in feed.push(rows)], ["refused"] * 2)
        order = self._create_order(client_order_ref="PO-7")
        self.assertEqual([a["result"] for a in feed.push(rows)], ["applied"] * 2)
        self.assertEqual(order.order_flag_id, self.flag_in_progress)
        self.assertEqual(len(self._documents(order)), 1)

    def test_cart_of_the_b2b_shop_is_refused_and_a_template_is_unknown(self):
        feed = self._create_feed(order_ref_field="client_order_ref").with_user(self.client)
        has_b2b = "b2b_qualifier" in self.env["sale.order"]._fields
        drafts = {"cart": "refused", "template": "unknown_order"} if has_b2b else {}
        for qualifier, expected in drafts.items():
            self.env["sale.order"].create(
                {
                    "partner_id": self.customer.id,
                    "b2b_qualifier": qualifier,
                    "client_order_ref": qualifier,
                }
            )
            for row in (self._row(), self._document_row()):
                (answer,) = feed.push([{**row, "order": qualifier}])
                self.assertEqual(answer["result"], expected)

    def test_what_is_no_number_of_an_order_is_not_found(self):
        """B2B Portal leaves out templates, which buyers name as they like."""
        order, template = self._create_orders(2)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order SET name = %s WHERE id = %s", [order.name, template.id]
        )
        self.env.invalidate_all()
        self.assertEqual(self._push_one(order), "unknown_order")
        others = Domain("id", "!=", template.id)
        with patch.object(type(order), "_get_numbered_domain", lambda _self: others):
            self.assertEqual(self._push_one(order), "applied")

    def test_orders_are_found_by_the_chosen_reference(self):
        order = self._create_order(client_order_ref="PO-1", external_ref="ZK 12/2026")
        for field in ("name", "client_order_ref", "external_ref"):
            feed = self._create_feed(name=field, order_ref_field=field).with_user(self.client)
            row = {**self._row(), "order": f" {order[field]} "}
            self.assertIn(feed.push([row])[0]["result"], ("applied", "unchanged"))

    def test_order_of_another_company_is_unknown(self):
        company = self.env["res.company"].create({"name": "Branch"})
        order = (
            self.env["sale.order"]
            .with_company(company)
            .create({"partner_id": self.customer.id, "company_id": company.id})
        )
        self.assertEqual(self._push_one(order), "unknown_order")

    def test_unknown_flag(self):
        order = self._create_order()
        for flag in ("Nieznana", "w trakcie realizacji", "   "):
            self.assertEqual(self._push_one(order, flag=flag), "unknown_flag")
        self.assertEqual(self._push_one(order, flag=" W trakcie realizacji "), "applied")

    def test_refused_tells_why(self):
        quotation = self._create_order(confirm=False)
        answer = self._push(self._row(quotation))[0]
        self.assertEqual(answer["result"], "refused")
        self.assertIn(quotation.name, answer["message"])
        self.saved.next_status_ids = self.fulfilled
        self.assertEqual(self._push_one(self._create_order()), "refused")

    def test_refusal_names_nothing_of_another_company(self):
        other = self.env["res.company"].create({"name": "Other"})
        secret = self._create_status("Secret", company_id=other.id)
        order = self._create_order()
        for following, words in (
            (secret, "Only statuses of another company may"),
            (secret | self.fulfilled, f"Allowed are: {self.fulfilled.name}."),
        ):
            self.saved.next_status_ids = following
            [answer] = self._push(self._row(order))
            self.assertEqual(answer["result"], "refused")
            self.assertIn(words, answer["message"])
            self.assertNotIn("Secret", answer["message"])

    def test_archived_flag_is_refused(self):
        order = self._create_order()
        self.flag_in_progress.active = False
        self.assertEqual(self._push_one(order), "refused")

    def test_groups_of_a_flag_do_not_bind_the_feed(self):
        self.flag_in_progress.group_ids = self.env.ref("base.group_system")
        self.assertEqual(self._push_one(self._create_order()), "applied")

    def test_cancelling_flag_cancels_the_order(self):
        self.flag_rejected.cancel_order = True
        order, locked = self._create_orders(2)
        locked.action_lock()
        answers = self._push(
            self._row(order, flag="Odrzucone"), self._row(locked, flag="Odrzucone")
        )
        self.assertEqual([a["result"] for a in answers], ["applied", "refused"])
        self.assertEqual((order.state, locked.state), ("cancel", "sale"))
        self.assertEqual(order.order_status_id, self.rejected)

    # === BAD INPUT === #

    def test_bad_rows_are_invalid_and_stop_no_others(self):
        order = self._create_order()
        good = self._row(order)
        bad = [
            None,
            7,
            "row",
            [],
            {},
            {**good, "key": None},
            {**good, "key": ""},
            {**good, "key": 5},
            {**good, "key": "k" * 201},
            {**good, "key": "a\x00b"},
            {**good, "key": "\ud800"},
            {**good, "order": ""},
            {**good, "order": "  "},
            {**good, "order": None},
            {**good, "order": order.id},
            {**good, "flag": None},
            {**good, "flag": ["W trakcie realizacji"]},
            {**good, "note": 5},
            {**good, "note": "x" * 10_001},
            {**good, "changed_at": None},
            {**good, "changed_at": 1772362800},
            {**good, "changed_at": "2026-03-01T12:00:00"},
            {**good, "changed_at": "2026-03-01"},
            {**good, "changed_at": "2026-02-30T12:00:00Z"},
            {**good, "changed_at": "0001-01-01T00:00:00+14:00"},
            {**good, "changed_at": "2026-03-01T12:00:00+99:00"},
            {**good, "changed_at": moment(minutes=11)},
        ]
        answers = self._push(*bad, good)
        self.assertEqual([a["result"] for a in answers], ["invalid"] * len(bad) + ["applied"])
        self.assertTrue(all(answer["message"] for answer in answers[:-1]))
        self.assertEqual(len(self.feed.log_ids), len(bad) + 1)

    def test_edges_that_are_good(self):
        for changed_at in (
            "2026-03-01T12:00Z",
            "2026-03-01 12:00:00,25+0100",
            "2026-03-01T12:00:00.123456789+01",
            "2026-03-01t12:00:00z",
            moment(minutes=9),
        ):
            order = self._create_order()
            answer = self._push(self._row(order, changed_at=changed_at, note="x" * 10_000))[0]
            self.assertEqual(answer["result"], "applied", answer)
        self.assertEqual(len(order.order_flag_note), 10_000)

    def test_rows_that_are_no_list_are_refused(self):
        for rows in (None, False, {}, "rows", 5):
            for method in (self.as_client.push, self.as_client.dry_run):
                with self.assertRaisesRegex(UserError, "list"):
                    method(rows)
        self.assertEqual(self.as_client.push([]), [])

    def test_caps_are_named(self):
        with self.assertRaisesRegex(UserError, "10000|10,000"):
            self.as_client.push([{}] * 10_001)
        with self.assertRaisesRegex(UserError, "16 MiB"):
            self.as_client.push([{"note": "x" * (17 * 1024 * 1024)}])
        self.assertFalse(self.feed.log_ids)

    # === FAILURES WHILE WRITING === #

    @mute_logger("odoo.sql_db")
    def test_order_that_cannot_be_written_stops_no_other(self):
        orders = self._create_orders(7)
        bad = orders[3]
        model = type(self.env["sale.order"])
        write = model._write_status_fields

        def failing(records, vals):
            if bad in records:
                raise UserError("This order is stuck.")  # pylint: disable=translation-required
            return write(records, vals)

        rows = [self._row(order) for order in orders]
        rows.append({**rows[3]})  # the key of the failed row, once more
        rows.append({**rows[0]})
        with patch.object(model, "_write_status_fields", failing):
            answers = self._push(*rows)
        results = ["applied"] * 7 + ["refused", "duplicate"]
        results[3] = "refused"
        self.assertEqual([a["result"] for a in answers], results)
        self.assertIn("stuck", answers[3]["message"])
        self.assertEqual(bad.order_status_id, self.saved)
        self.assertEqual((orders - bad).order_status_id, self.in_progress)
        for order in orders:
            self.assertChain(order)
        self.assertEqual(self._push(rows[3])[0]["result"], "applied")

    def test_context_of_the_caller_has_no_say(self):
        order = self._create_order()
        feed = self.as_client.with_context(
            order_flag_feed=0, tracking_disable=True, allowed_company_ids=[0]
        )
        self.assertEqual(self._push_one(order, feed=feed), "applied")
        self.assertEqual(self._rows(order)[-1].feed_id, self.feed)

    def test_no_notify_context_suppresses_mails(self):
        order = self._create_order()
        feed = self.as_client.with_context(order_status_no_notify=True)
        self.assertEqual(feed.dry_run([self._row(order)])["customers"], 0)
        self._push_one(order, feed=feed)
        self.assertEqual(self._rows(order)[-1].mail_state, "suppressed")

    def test_row_that_fails_again_and_again_is_kept_once(self):
        """A client tries for days; other rows, feeds and what was sent from the log stay."""
        order = self._create_order()
        bad = self._row(flag="Nieznana", order=None)
        other, invalid = self._row(), self._row(order, changed_at="never")
        elsewhere = self._create_feed(name="Other").with_user(self.client)
        self._push(bad, feed=elsewhere)
        self._push(bad, other, invalid)
        first = self.feed.log_ids
        for _try in range(2):
            self._push(bad, other, invalid)
        self.assertEqual(self.feed.log_ids, first, "somebody may have them on the screen")
        self.assertEqual(
            sorted(self.feed.log_ids.mapped("key")),
            sorted(row["key"] for row in (bad, other, invalid)),
        )
        self.assertEqual(self.feed.failed_count, 3)
        self._push({**bad, "order": order.name})
        logs = self.feed.log_ids.filtered(lambda log: log.key == bad["key"])
        self.assertEqual(
            [(log.result, log.is_open) for log in logs],
            [("unknown_flag", True), ("unknown_order", False)],
        )
        logs[0].with_user(self.manager).action_replay()
        self.assertEqual(len(logs.exists()), 2)
        self.assertEqual(self.feed.failed_count, 3)
        self.assertEqual(len(elsewhere.sudo().log_ids), 1)

    # === DRY RUN === #

    def test_dry_run_answers_as_push_and_changes_nothing(self):
        orders = self._create_orders(3)
        other = self._create_order(
            partner_id=self.env["res.partner"].create({"name": "No mail"}).id
        )
        rows = [self._row(order) for order in (*orders, other)]
        rows += [rows[0], self._row(order=None), self._row(orders[0], flag="Nieznana"), None]
        rows.append(self._row(orders[1], changed_at="2020-01-01T00:00:00Z"))
        before = self.env["sale.order.status.history"].search_count([])
        answer = self.as_client.dry_run(rows)
        self.env.flush_all()
        self.assertEqual(self.env["sale.order.status.history"].search_count([]), before)
        self.assertFalse(orders.order_flag_id)
        self.assertFalse(self.feed.log_ids)
        self.assertFalse(self.feed.last_push)
        self.assertEqual((answer["orders"], answer["customers"]), (4, 1))
        self.assertEqual(answer["results"], self.as_client.push(rows))

    def test_dry_run_counts_whom_the_template_addresses(self):
        firm = self.env["res.partner"].create({"name": "Firm", "is_company": True})
        order = self._create_order(partner_id=firm.id)
        rows = [self._row(order)]
        self.assertEqual(self.as_client.dry_run(rows)["customers"], 0)
        template = self.env.ref("order_status_flags.mail_template_status_changed")
        template.write({"use_default_to": False, "email_to": "depot@example.com"})
        self.assertEqual(self.as_client.dry_run(rows)["customers"], 1)

    # === SPEED === #

    def _count_push_queries(self, count):
        orders = self._create_orders(count)
        rows = [self._row(order, note=f"note {i}") for i, order in enumerate(orders)]
        with self._count_queries() as queries:
            answers = self.as_client.push(rows)
            self.env.flush_all()
            self.assertEqual({a["result"] for a in answers}, {"applied"})
        return queries[0]

    def test_queries_grow_by_at_most_60_per_1000_rows(self):
        self._count_push_queries(3)  # warm up
        small, large = self._count_push_queries(50), self._count_push_queries(550)
        self.assertLessEqual(large - small, 30, f"{small} for 50 rows, {large} for 550")
        self.assertLessEqual(small, 60)

    def test_customers_are_mailed_once_a_change(self):
        order = self._create_order()
        self._push(self._row(order), self._row(order), self._row(order, note="more"))
        self.assertEqual(self._rows(order).mapped("mail_state"), ["none", "pending", "none"])

    def test_usual_flags_are_proposed_in_the_form_only(self):
        feed = self.env["order.flag.feed"].create(
            {"name": "x", "system": "navireo", "mapping_ids": [Command.clear()]}
        )
        self.assertFalse(feed.mapping_ids)
        self.assertIn("Odrzucone", dict(feed._get_usual_flags()))
