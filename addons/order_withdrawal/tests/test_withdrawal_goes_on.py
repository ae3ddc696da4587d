from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.order_status_flags.status_change import StatusChange

from .common import WithdrawalHttpCommon

GOES_ON = "order_withdrawal.mail_activity_type_goes_on"


@tagged("post_install", "-at_install")
class TestWithdrawalGoesOn(WithdrawalHttpCommon):
    """Orders that other systems move although the customer has withdrawn."""

    def test_flag_of_a_feed_goes_through_and_is_marked_once(self):
        self._enter(self.order)
        sources = dict(self.env["sale.order.status.history"]._fields["source"].selection)
        for status in (self.in_progress, self.fulfilled):
            flag = self._create_flag(status_id=status.id)
            change = StatusChange(self.order, flag=flag)
            self.order.sudo()._plan_status_changes([change], check_groups=False)
            # Without the addon of the feed there is no such source: then it tells by the method.
            self.order.sudo()._apply_status_changes(
                [change], source="feed" if "feed" in sources else "flag"
            )
            if "feed" not in sources:
                self.order._mark_goes_on()
            self.assertEqual(self.order.order_flag_id, flag)
        self.assertEqual(len(self._activities(self.order, GOES_ON)), 1)
        self._activities(self.order, GOES_ON).unlink()
        self.order._mark_goes_on()
        self.assertFalse(self._activities(self.order, GOES_ON), "told once")

    def _push_document(self, number):
        """Push a document as the client of a feed; where there is no such addon, by its hook."""
        if "order.flag.feed" not in self.env:
            self.order._after_outside_documents()
            return
        feed = self.env["order.flag.feed"].search([("name", "=", "WD")]) or self.env[
            "order.flag.feed"
        ].create({"name": "WD", "system": "subiekt_gt"})
        client = self.env["res.users"].search([("login", "=", "wd_feed")]) or new_test_user(
            self.env,
            "wd_feed",
            "order_status_flags_feed.group_feed_client",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        row = {
            "key": number,
            "order": self.order.name,
            "changed_at": "2026-03-01T12:00:00+01:00",
            "document": {"kind": "delivery", "number": number, "date": "2026-03-01"},
        }
        (answer,) = feed.with_user(client).push([row])
        self.assertEqual(answer["result"], "applied", answer)

    def test_document_of_a_feed_goes_through_and_is_marked_once(self):
        self._push_document("WZ 1/2026")
        self.assertFalse(self._activities(self.order, GOES_ON), "nothing is withdrawn")
        self._enter(self.order)
        self._push_document("WZ 2/2026")
        self.assertEqual(len(self._activities(self.order, GOES_ON)), 1)
        self.assertEqual(self.order.status_attention, "withdrawal_goes_on")
        self._push_document("WZ 3/2026")
        self.assertEqual(len(self._activities(self.order, GOES_ON)), 1)

    def test_attention_is_colored(self):
        expected = {
            "withdrawal_overdue": "danger",
            "withdrawal_goes_on": "danger",
            "withdrawal_unmatched": "warning",
            "question": "warning",
        }
        for kind in ("list_status", "kanban_attention"):
            colors = self._attention_colors(f"order_status_flags.sale_order_view_{kind}")
            self.assertEqual({reason: colors.get(reason) for reason in expected}, expected)

    def test_mark_outlives_the_login_of_whom_it_is_for(self):
        self._enter(self.order)
        self._push_document("WZ 1/2026")
        activity = self._activities(self.order, GOES_ON)
        user = activity.user_id
        user.action_archive()
        self.env.invalidate_all()
        activity = self._activities(self.order, GOES_ON)
        self.assertEqual(len(activity), 1)
        self.assertNotEqual(activity.user_id, user)

    def test_changes_of_our_own_people_ask_nothing(self):
        change = StatusChange(self.order, source="manual")
        counts = []
        for _warm in range(2):
            with self._count_queries(fresh=False) as queries:
                self.order._after_status_changes([change])
            counts += queries
        self.assertEqual(counts[-1], 0)

    def test_types_of_activities_are_not_deleted(self):
        names = self.env["ir.model.data"].search(
            [("module", "=", "order_withdrawal"), ("model", "=", "mail.activity.type")]
        )
        self.assertTrue(names)
        for one in self.env["mail.activity.type"].browse(names.mapped("res_id")):
            with self.assertRaises(UserError):
                one.unlink()

    def test_orders_without_withdrawal_are_not_marked(self):
        self.order._mark_goes_on()
        self.assertFalse(self._activities(self.order, GOES_ON))
