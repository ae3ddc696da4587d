import base64
import csv
import io
from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, freeze_time, tagged
from odoo.tools import mute_logger

from .common import FeedCommon

HEADER = "key;order;flag;note;changed_at\n"


@tagged("post_install", "-at_install")
class TestBackOffice(FeedCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.managed = cls.feed.with_user(cls.manager)

    # === FEED AND MAPPING === #

    def test_choosing_the_system_proposes_its_flags(self):
        with Form(self.env["order.flag.feed"].with_user(self.manager)) as form:
            form.name = "Nexo"
            form.system = "subiekt_nexo_pro"
        feed = form.save()
        names = dict(feed.mapping_ids.mapped(lambda m: (m.external_flag, m.flag_id)))
        self.assertEqual(names["W trakcie realizacji"], self.flag_in_progress)
        self.assertEqual(names["Odrzucone"], self.flag_rejected)

    def test_mapping_names_are_trimmed_unique_and_not_blank(self):
        mapping = self.env["order.flag.feed.mapping"].create(
            {"feed_id": self.feed.id, "external_flag": " Gotowe ", "flag_id": 1}
            | {"flag_id": self.flag_rejected.id}
        )
        self.assertEqual(mapping.external_flag, "Gotowe")
        with self.assertRaises(ValidationError):
            mapping.external_flag = "  "
        with mute_logger("odoo.sql_db"), self.assertRaises(Exception) as caught:
            mapping.copy()
            self.env.flush_all()
        self.assertIn("uniq", str(caught.exception))

    def test_flag_of_another_company_cannot_be_mapped(self):
        company = self.env["res.company"].create({"name": "Branch"})
        flag = self._create_flag(company_id=company.id)
        with self.assertRaises(UserError):
            self.feed.mapping_ids[0].flag_id = flag

    def test_changing_a_mapping_changes_no_order(self):
        order = self._create_order()
        self._push_one(order)
        rows = len(self._rows(order))
        self.feed.mapping_ids.flag_id = self.flag_rejected
        self.assertEqual(order.order_flag_id, self.flag_in_progress)
        self.assertEqual(len(self._rows(order)), rows)

    # === APPLY TO ORDERS IN THIS STATE === #

    def _open_apply(self, mapping=None):
        mapping = mapping or self.managed.mapping_ids[0]
        return (
            self.env["order.flag.feed.apply"]
            .with_user(self.manager)
            .create({"mapping_id": mapping.id})
        )

    def test_apply_previews_and_changes_the_orders_with_the_flag(self):
        packed = self._create_flag(status_id=self.fulfilled.id)
        orders = self._create_orders(4)
        for order in orders:
            self._push_one(order, note="as in the ERP")
        self._push_one(orders[3], flag="", changed_at="2026-03-02T00:00:00Z")
        orders[2].action_lock()
        self.feed.mapping_ids[0].flag_id = packed
        wizard = self._open_apply()
        self.assertEqual((wizard.order_count, wizard.change_count, wizard.mail_count), (3, 3, 1))
        self.assertEqual(orders[0].order_flag_id, self.flag_in_progress, "only a preview")
        wizard.action_apply()
        self.assertEqual(orders[:3].order_flag_id, packed)
        self.assertEqual(orders[:3].order_status_id, self.fulfilled)
        self.assertEqual(set(orders[:3].mapped("order_flag_note")), {"as in the ERP"})
        self.assertFalse(orders[3].order_flag_id, "its newest change took the flag off")
        row = self._rows(orders[0])[-1]
        self.assertEqual((row.source, row.feed_id, row.mail_state), ("feed", self.feed, "pending"))
        wizard = self._open_apply()
        self.assertEqual((wizard.change_count, wizard.unchanged_count), (0, 3))
        with self.assertRaises(UserError):
            wizard.action_apply()

    def test_apply_without_mails_and_with_refusals(self):
        orders = self._create_orders(2)
        for order in orders:
            self._push_one(order)
        self.feed.mapping_ids[0].flag_id = self._create_flag(status_id=self.fulfilled.id)
        orders[0]._action_cancel()
        wizard = self._open_apply()
        self.assertEqual((wizard.change_count, wizard.refused_count), (1, 1))
        self.assertIn(orders[0].name, wizard.refusals)
        wizard.notify = False
        self.assertEqual(wizard.mail_count, 1)
        wizard.action_apply()
        self.assertEqual(self._rows(orders[1])[-1].mail_state, "suppressed")

    def test_preview_and_apply_need_the_same_queries_for_many_orders(self):
        def count(number):
            orders = self._create_orders(number)
            self._push(*(self._row(order, flag=f"F{number}", note=order.name) for order in orders))
            mapping = self.env["order.flag.feed.mapping"].create(
                {
                    "feed_id": self.feed.id,
                    "external_flag": f"F{number}",
                    "flag_id": self.flag_in_progress.id,
                }
            )
            with self._count_queries() as queries:
                wizard = self._open_apply(mapping)
                self.assertEqual(wizard.change_count, number)
                wizard.action_apply()
                self.env.flush_all()
                self.assertEqual(orders.order_flag_id, self.flag_in_progress)
            return queries[0]

        count(1)
        small, large = count(5), count(60)
        self.assertNoMoreQueries(small, large, extra=2)

    def test_apply_reaches_orders_whose_flag_was_unknown(self):
        order = self._create_order()
        self._push_one(order, flag="Gotowe")
        mapping = self.env["order.flag.feed.mapping"].create(
            {
                "feed_id": self.feed.id,
                "external_flag": "Gotowe",
                "flag_id": self.flag_in_progress.id,
            }
        )
        self.assertEqual(self._open_apply(mapping).change_count, 1)

    # === LOG === #

    def test_log_tells_and_finds_every_outcome(self):
        order = self._create_order()
        self._push(
            self._row(order),
            self._row(order),
            self._row(order, changed_at="2020-01-01T00:00:00Z"),
            self._row(),
            self._row(order, flag="Nieznana"),
            None,
        )
        logs = self.feed.log_ids.sorted("id")
        self.assertEqual(
            logs.mapped("result"),
            ["applied", "unchanged", "stale", "unknown_order", "unknown_flag", "invalid"],
        )
        self.assertEqual(logs[0].order_id, order)
        self.assertEqual(logs[0].flag_id, self.flag_in_progress)
        self.assertEqual(logs[0].create_uid, self.client)
        found = logs.search([("feed_id", "=", self.feed.id), ("is_open", "=", True)])
        self.assertEqual(found.sorted("id"), logs[3:])
        self.assertEqual(logs.filtered("is_open"), logs[3:])
        closed = logs.search([("feed_id", "=", self.feed.id), ("is_open", "=", False)])
        self.assertEqual(closed.sorted("id"), logs[:3])
        self.assertEqual(self.feed.failed_count, 3)

    def test_log_of_a_bad_row_shows_what_can_be_read(self):
        row = {**self._row(), "order": "ZK 1", "key": 7, "changed_at": "soon"}
        self._push(row, {**row, "order": "\ud800"})
        bad, worse = self.feed.log_ids.sorted("id")
        self.assertEqual((bad.order_ref, bad.key), ("ZK 1", False))
        self.assertIn('"key": 7', bad.payload)
        self.assertFalse(worse.order_ref)

    def test_flag_is_known_as_soon_as_its_mapping_is_spelt_so(self):
        self._push(self._row(self._create_order(), flag="Gotowe"))
        unknown = self.env["order.flag.feed.unknown.flag"].with_user(self.manager)
        self.assertTrue(unknown.search([("feed_id", "=", self.feed.id)]))
        # A moment later and in the same transaction, before anything else asks for a flush.
        self.managed.mapping_ids[0].external_flag = "Gotowe"
        self.assertFalse(unknown.search([("feed_id", "=", self.feed.id)]))

    def test_replay_after_the_flag_was_mapped(self):
        order = self._create_order()
        self._push(self._row(order, flag="Gotowe", note="n", changed_at="2026-03-01T12:00:00.75Z"))
        unknown = self.env["order.flag.feed.unknown.flag"].with_user(self.manager)
        found = unknown.search([("feed_id", "=", self.feed.id)])
        self.assertEqual((found.external_flag, found.row_count), ("Gotowe", 1))
        self.assertEqual(self.managed.unknown_flag_count, 1)
        context = found.action_map()["context"]
        self.env["order.flag.feed.mapping"].with_user(self.manager).with_context(**context).create(
            {"flag_id": self.flag_in_progress.id}
        )
        self.assertFalse(unknown.search([("feed_id", "=", self.feed.id)]))
        log = self.managed.log_ids
        log.action_replay()
        self.assertEqual(order.order_flag_id, self.flag_in_progress)
        self.assertEqual(order.order_flag_note, "n")
        self.assertTrue(log.is_replayed)
        self.assertEqual(self.feed.failed_count, 0)
        again = self.feed.log_ids - log
        self.assertEqual((again.result, again.changed_at), ("applied", log.changed_at))
        with self.assertRaises(UserError):
            log.action_replay()

    def test_replay_of_rows_that_could_not_be_read(self):
        order = self._create_order()
        future = (fields.Datetime.now() + timedelta(hours=1)).isoformat() + "Z"
        self._push(self._row(order, changed_at=future), self._row(order, key=None), None)
        with self._travel(hours=2):
            self.managed.log_ids.action_replay()
        self.assertEqual(order.order_flag_id, self.flag_in_progress)
        self.assertEqual(self.feed.failed_count, 2)

    def test_row_that_came_again_is_to_be_looked_at_once(self):
        """Whatever became of it, and with a PDF, which nobody can send again from here."""
        order = self._create_order()
        other = self._create_feed()
        unknown = self.env["order.flag.feed.unknown.flag"].with_user(self.manager)
        failing = self._row(order, flag="unknown")
        self._push(failing, feed=other)
        for _try in range(3):
            self._push(failing, self._row(order, key=None))
            found = unknown.search([("feed_id", "=", self.feed.id)])
            action = found.action_map()
        self.assertEqual(action["context"]["default_external_flag"], "unknown")
        open_rows = self.feed.log_ids.filtered("is_open")
        self.assertEqual(sorted(open_rows.mapped("result")), ["invalid"] * 3 + ["unknown_flag"])
        self._push({**failing, "flag": self._row(order)["flag"]})
        self.env.invalidate_all()
        self.assertEqual(set(self.feed.log_ids.filtered("is_open").mapped("result")), {"invalid"})
        self.assertEqual(other.log_ids.filtered("is_open").mapped("result"), ["unknown_flag"])

    def test_map_stays_while_the_client_tries_again(self):
        order = self._create_order()
        failing = self._row(order, flag="unknown")
        self._push(failing)
        unknown = self.env["order.flag.feed.unknown.flag"].with_user(self.manager)
        found = unknown.search([("feed_id", "=", self.feed.id)])
        self._push(failing)
        self.env.invalidate_all()
        self.assertEqual(found.action_map()["context"]["default_feed_id"], self.feed.id)

    def _travel(self, **delta):
        return freeze_time(fields.Datetime.now() + timedelta(**delta))

    def test_old_failures_are_forgotten_and_used_keys_are_not(self):
        order = self._create_order()
        rows = [self._row(order), self._row()]
        self._push(*rows)
        self.env.cr.execute(
            "UPDATE order_flag_feed_log SET create_date = now() - interval '91 days'"
            " WHERE feed_id = %s",
            [self.feed.id],
        )
        self.env.invalidate_all()
        self.env["order.flag.feed.log"]._gc_old_rows()
        self.assertEqual(self.feed.log_ids.mapped("result"), ["applied"])
        self.assertEqual(self._push(rows[0])[0]["result"], "duplicate")

    # === KEY === #

    def test_key_wizard_shows_the_key_once(self):
        form = Form(
            self.env["order.flag.feed.key"]
            .with_user(self.manager)
            .with_context(default_feed_id=self.feed.id)
        )
        form.duration = "90"
        wizard = form.save()
        self.assertEqual(wizard.date_end, fields.Date.context_today(wizard) + timedelta(days=90))
        context = wizard.action_make_key()["context"]
        uid = self.env["res.users.apikeys"]._check_credentials(
            scope="rpc", key=context["default_key"]
        )
        self.assertEqual(uid, self.feed.client_user_id.id)
        self.assertTrue(context["default_url"].endswith("/json/2/order.flag.feed/push"))
        self.assertTrue(wizard.replaces_key)

    def test_key_wizard_refuses_odd_dates(self):
        for days in (-1, 1000):
            wizard = (
                self.env["order.flag.feed.key"]
                .with_user(self.manager)
                .create({"feed_id": self.feed.id, "duration": "0"})
            )
            wizard.date_end = fields.Date.today() + timedelta(days=days)
            with self.assertRaises(UserError):
                wizard.action_make_key()
        self.assertFalse(self.feed.client_user_id)

    # === CSV === #

    def _open_import(self, text, encoding="utf-8"):
        content = text if isinstance(text, bytes) else text.encode(encoding)
        return (
            self.env["order.flag.feed.import"]
            .with_user(self.manager)
            .create({"feed_id": self.feed.id, "data": base64.b64encode(content)})
        )

    def _line(self, order, key="c1", flag="W trakcie realizacji", note="Już pakujemy"):
        return f"{key};{order.name};{flag};{note};2026-03-01T12:00:00+01:00\n"

    def test_csv_is_checked_then_imported(self):
        order = self._create_order()
        wizard = self._open_import(
            HEADER + self._line(order) + ";;;;\n" + self._line(order, key="")
        )
        wizard.action_check()
        self.assertEqual(
            (wizard.state, wizard.order_count, wizard.customer_count), ("checked", 1, 1)
        )
        self.assertFalse(order.order_flag_id)
        wizard.action_import()
        self.assertEqual(order.order_flag_note, "Już pakujemy")
        self.assertEqual(
            (wizard.state, wizard.row_count, wizard.ok_count, wizard.failed_count),
            ("done", 2, 1, 1),
        )
        text = base64.b64decode(wizard.result_data).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
        self.assertEqual([row["result"] for row in rows], ["applied", "invalid"])
        self.assertEqual(rows[0]["note"], "Już pakujemy")
        # The file of results can be sent again as it is.
        again = self._open_import(text)
        again.action_import()
        self.assertEqual((again.skipped_count, again.failed_count), (1, 1))

    def test_csv_of_the_past_mails_nobody(self):
        order = self._create_order()
        wizard = self._open_import(HEADER + self._line(order))
        self.assertTrue(wizard.notify)
        wizard.notify = False
        wizard.action_check()
        self.assertEqual((wizard.order_count, wizard.customer_count), (1, 0))
        wizard.action_import()
        self.assertEqual(order.order_flag_id, self.flag_in_progress)
        self.assertEqual(self._rows(order)[-1].mail_state, "suppressed")

    def test_archived_feed_takes_nothing_by_hand_either(self):
        order = self._create_order()
        self._push(self._row(order, flag="unknown"))
        wizard = self._open_import(HEADER + self._line(order))
        self.feed.active = False
        log = self.managed.log_ids
        for call in (wizard.action_check, wizard.action_import, log.action_replay):
            with self.assertRaisesRegex(UserError, "switched off"):
                call()
        self.assertFalse(order.order_flag_id)

    def test_results_run_no_formula_and_can_be_sent_again(self):
        order = self._create_order()
        note = '=HYPERLINK("https://evil.example.com")'
        line = self._line(order, flag="nobody knows it", note=note.replace('"', "'"))
        wizard = self._open_import(HEADER + line)
        wizard.action_import()
        text = base64.b64decode(wizard.result_data).decode("utf-8-sig")
        self.assertIn(";'=HYPERLINK(", text)
        again = self._open_import(text.replace("nobody knows it", "W trakcie realizacji"))
        again.action_import()
        self.assertTrue(order.order_flag_note.startswith("=HYPERLINK("))

    def test_csv_in_other_encodings_and_separators(self):
        for encoding in ("utf-8-sig", "utf-16", "cp1250"):
            for separator in ";,\t":
                order = self._create_order()
                key = f"{encoding}{ord(separator)}"
                text = (HEADER + self._line(order, key=key)).replace(";", separator)
                self._open_import(text, encoding).action_import()
                self.assertEqual(order.order_flag_note, "Już pakujemy")

    def test_line_break_in_a_note(self):
        order = self._create_order()
        line = self._line(order, note='"Już; pakujemy\r\ni wysyłamy"')
        self._open_import(HEADER + line).action_import()
        self.assertEqual(order.order_flag_note, "Już; pakujemy\ni wysyłamy")

    def test_bad_csv_is_refused_in_words(self):
        for content, words in (
            (b"", "choose"),
            ("order;flag\nS1;x\n", "key, changed_at"),
            (b"\xff\xfe\x00", "no text"),
            (b"\x89PNG\r\n\x1a\n\x81\x83", "no text"),
            (HEADER + "k;S1;x;;2026\n" * 10_001, "10,?000"),
            (HEADER + "k;S1;x;a; b;2026\n", "Row 2 does not fit"),
            (HEADER + 'k;S1;x;"a;2026\nl;S2;x;b";2026\n', "Row 2 does not fit"),
            ("key;order;flag;flag;changed_at\nk;S1;x;y;2026\n", "twice: flag"),
        ):
            wizard = self._open_import(content)
            for call in (wizard.action_check, wizard.action_import):
                with self.assertRaisesRegex(UserError, words):
                    call()
        self.assertFalse(self.feed.log_ids)

    def test_form_views_open(self):
        self._push(self._row(), None)
        form = Form(self.managed)
        self.assertEqual(form.failed_count, 2)
        for action in ("log", "failed", "unknown_flags"):
            values = getattr(self.managed, f"action_view_{action}")()
            self.assertEqual(values["domain"], [("feed_id", "=", self.feed.id)])
        self.assertEqual(self.managed.action_open_import()["res_model"], "order.flag.feed.import")
        order = self._create_order()
        with Form(order.with_user(self.seller)) as order_form:
            order_form.external_ref = "ZK 9"
        self.assertEqual(order.external_ref, "ZK 9")
