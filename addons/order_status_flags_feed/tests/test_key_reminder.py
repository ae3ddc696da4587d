from datetime import timedelta
from unittest.mock import patch

from lxml import etree
from psycopg2.errors import SerializationFailure

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common import FeedCommon


@tagged("post_install", "-at_install")
class TestKeyReminder(FeedCommon):
    """Whoever made the key of a feed is asked to renew it before it ends."""

    def setUp(self):
        super().setUp()
        self._make_key(self.feed)

    def _make_key(self, feed, days=365):
        feed.with_user(self.manager)._make_client_key(
            fields.Datetime.now() + timedelta(days=days, hours=12)
        )

    def _pass(self, days, feeds=None):
        """Let so many days go by for the key, and what is done each day be done."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            UPDATE res_users_apikeys
               SET expiration_date = expiration_date - make_interval(days => %s),
                   create_date = create_date - make_interval(days => %s)
             WHERE user_id = ANY(%s)
            """,
            [days, days, (feeds or self.feed).client_user_id.ids],
        )
        self.env.cr.execute(
            "UPDATE order_flag_feed SET key_told_end = key_told_end - make_interval(days => %s)",
            [days],
        )
        self._run()

    def _run(self):
        self.env.invalidate_all()
        with self.enter_registry_test_mode():
            self.env.ref("order_status_flags_feed.ir_cron_key_reminder").method_direct_trigger()
        self.env.invalidate_all()

    def _reminders(self):
        return self.env["mail.activity"].search(
            [("summary", "=like", "The key of “Subiekt” is valid until %: renew it")]
        )

    def test_who_made_the_key_is_asked_once(self):
        self._pass(335)
        self.assertFalse(self.feed.key_alert)
        self.assertFalse(self._reminders())
        self._pass(1)
        self.assertEqual(self.feed.key_alert, "ending")
        reminder = self._reminders()
        self.assertEqual(reminder.user_id, self.manager)
        last_day = (self.feed.key_expiration - timedelta(seconds=1)).date()
        self.assertEqual(reminder.date_deadline, last_day)
        self.assertIn(f"/odoo/flag-feeds/{self.feed.id}", reminder.note)
        self._pass(1)
        self.assertEqual(self._reminders(), reminder)
        # Nobody is asked again after it was done, or the key has ended.
        reminder.with_user(self.manager).action_feedback()
        self._pass(40)
        self.assertFalse(self._reminders())

    def test_renewing_or_revoking_takes_it_back(self):
        for end in (self._make_key, lambda feed: feed.with_user(self.manager).action_revoke_key()):
            self._make_key(self.feed)
            self._pass(350)
            self.assertTrue(self._reminders())
            end(self.feed)
            self._run()
            self.assertFalse(self._reminders())
            self.assertFalse(self.feed.key_alert)
        self.assertFalse(self.feed.key_expiration)
        self._make_key(self.feed)
        self._pass(350)
        self.assertEqual(len(self._reminders()), 1, "once for each key")

    def test_key_that_has_ended_is_said_when_odoo_has_deleted_it(self):
        self._pass(350)
        self._pass(16)
        self.assertEqual(self.feed.key_alert, "ended")
        end = self.feed.key_expiration
        self.env["res.users.apikeys"]._gc_user_apikeys()
        self._run()
        self.assertEqual((self.feed.key_alert, self.feed.key_expiration), ("ended", end))
        self.assertEqual(len(self._reminders()), 1)

    def test_short_key_is_asked_for_in_its_second_half(self):
        self._make_key(self.feed, days=30)
        self._pass(14)
        self.assertFalse(self._reminders())
        self._pass(2)
        self.assertEqual(self._reminders().user_id, self.manager)

    def test_who_has_left_is_not_asked(self):
        self.manager.active = False
        self._pass(350)
        user = self._reminders().user_id
        self.assertTrue(user.active)
        self.assertIn(user, self.env.ref("order_status_flags.group_status_manager").all_user_ids)

    def test_language_of_who_is_asked(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        self.manager.lang = "pl_PL"
        self._pass(350)
        reminder = self.feed.key_activity_id
        self.assertEqual(reminder.user_id, self.manager)
        self.assertIn("Subiekt", reminder.summary)
        self.assertNotIn("renew it", reminder.summary)

    def test_nobody_makes_another_activity_the_reminder(self):
        """Revoking the key deletes the reminder, also that of another user."""
        activity = self.env["mail.activity"].create({"summary": "x", "user_id": self.env.uid})
        feeds = self.env["order.flag.feed"].with_user(self.manager)
        for name, value in (
            ("key_activity_id", activity.id),
            ("key_maker_id", self.seller.id),
            ("key_told_end", "2026-03-01 00:00:00"),
        ):
            with self.subTest(name), self.assertRaises(AccessError), self.cr.savepoint():
                self.feed.with_user(self.manager).write({name: value})
            with self.subTest(name), self.assertRaises(AccessError), self.cr.savepoint():
                feeds.create({"name": "x", name: value})
            feed = feeds.with_context(**{f"default_{name}": value}).create({"name": "x"})
            self.assertFalse(feed[name])
        self.feed.with_user(self.manager).action_revoke_key()
        self.assertTrue(activity.exists())

    def test_scheduled_action_that_somebody_else_runs(self):
        self._pass(335)
        self.env.cr.execute(
            "UPDATE res_users_apikeys SET expiration_date = expiration_date - interval '1 day'"
            " WHERE user_id = %s",
            [self.feed.client_user_id.id],
        )
        self.env["order.flag.feed"].with_user(self.manager)._cron_remind_of_keys()
        self.assertEqual(self.feed.key_activity_id.user_id, self.manager)

    def test_feed_that_fails_does_not_stop_the_others(self):
        other = self._create_feed(name="A feed before it")
        model = type(self.feed)
        get_user = model._get_key_user
        for error in (ValueError("a rule of others"), SerializationFailure()):

            def get_user_or_fail(feed, error=error):
                if feed == other:
                    raise error
                return get_user(feed)

            self._make_key(other)
            self._make_key(self.feed)
            with (
                patch.object(model, "_get_key_user", get_user_or_fail),
                self.assertLogs("odoo.addons.order_status_flags_feed", "WARNING"),
            ):
                self._pass(350, other | self.feed)
            self.assertEqual(len(self.feed.key_activity_id), 1)
            self.assertFalse(other.key_told_end)
        self._run()
        self.assertEqual(other.key_told_end, other.key_expiration, "tried again")
        self.assertTrue(other.key_activity_id)

    def test_archived_feed_and_one_without_a_key(self):
        self._create_feed(name="Without")
        self.feed.active = False
        self._pass(350)
        self.assertFalse(self.feed.key_activity_id)
        self.feed.active = True
        self._run()
        self.assertEqual(len(self.feed.key_activity_id), 1)

    def test_reminder_goes_with_the_feed(self):
        self._pass(350)
        reminder = self._reminders()
        self.feed.unlink()
        self.assertFalse(reminder.exists())

    def test_form_says_it(self):
        arch = etree.fromstring(
            self.feed.with_user(self.manager).get_view(view_type="form")["arch"]
        )
        for alert in ("ending", "ended"):
            self.assertEqual(len(arch.xpath(f"//div[@invisible=\"key_alert != '{alert}'\"]")), 1)
        self._pass(350)
        with Form(self.feed.with_user(self.manager)) as form:
            self.assertEqual(form.key_alert, "ending")
        with self.assertRaises(AccessError):
            self.feed.with_user(self.seller).read(["key_alert", "key_maker_id"])

    def test_feeds_with_nothing_due_take_no_more_queries(self):
        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            with self._count_queries() as queries:
                self.env["order.flag.feed"]._cron_remind_of_keys()
            return queries[0]

        count()
        few = count()
        for number in range(4):
            self._make_key(self._create_feed(name=f"Feed {number}"))
        self.assertNoMoreQueries(few, count())
