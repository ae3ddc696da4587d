from datetime import timedelta

from odoo import fields
from odoo.tests import freeze_time, tagged

from ..context_keys import DECIDING
from .common import ApprovalCommon


@tagged("post_install", "-at_install")
class TestAsked(ApprovalCommon):
    """Who comes to decide while a request waits hears of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._create_approval_rule((10, cls.anna))
        cls.today = fields.Date.today()

    def setUp(self):
        super().setUp()
        self.approval = self._request().sudo()
        self.assertEqual(self._send_notices().recipient_ids, self.anna.partner_id)

    def _follow_up(self):
        """Run the hourly action; return whom it mails."""
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref("b2b_approval.ir_cron_approval_follow_up").method_direct_trigger()
        self.env.invalidate_all()
        return self._send_notices().recipient_ids

    def test_deputy_is_asked_when_the_holiday_begins(self):
        self.assertFalse(self._follow_up(), "everybody was asked")
        self.anna.write({"deputy_id": self.bob.id, "away_from": self.today})
        self.assertEqual(self._follow_up(), self.bob.partner_id)
        self.assertFalse(self._follow_up(), "once")

    def test_administrators_are_asked_when_nobody_else_is_left(self):
        self.anna.may_approve = False
        self.assertEqual(self._follow_up(), self.administrator.partner_id)
        self.assertFalse(self._follow_up())

    def test_who_gets_the_right_is_asked(self):
        self.rule.active = False
        self.member.order_limit = 1
        self._request(self._new_cart())
        self._send_notices()
        self._create_member(self.buyer2_user, may_approve=True)
        self.assertEqual(self._follow_up(), self.buyer2_user.partner_id)
        self.assertFalse(self._follow_up())

    def test_who_was_reminded_is_not_asked_beside(self):
        self.anna.write({"deputy_id": self.bob.id, "away_from": self.today})
        both = self.anna.partner_id | self.bob.partner_id
        with freeze_time(fields.Datetime.now() + timedelta(days=8)):
            self.assertEqual(self._follow_up(), both)
            self.assertFalse(self._follow_up())

    def test_who_gets_an_address_is_asked(self):
        self.bob.partner_id.email = False
        self.anna.write({"deputy_id": self.bob.id, "away_from": self.today})
        self.assertFalse(self._follow_up(), "there is no address")
        self.bob.partner_id.email = "bob@buyer.example.com"
        self.assertEqual(self._send_notices().recipient_ids, self.bob.partner_id)

    def test_what_is_decided_or_over_asks_nobody(self):
        self.anna.write({"deputy_id": self.bob.id, "away_from": self.today})
        request = self.approval.with_context(b2b_deciding=DECIDING)
        request.expires_on = fields.Datetime.now()
        self.assertNotIn(self.bob.partner_id, self._follow_up())
        self.assertEqual(self.approval.state, "expired")
        self.assertFalse(self._follow_up())

    def test_who_decides_is_found_in_the_same_number_of_queries(self):
        def count(approvals):
            with self._count_queries() as counts:
                approvals.browse(approvals.ids)._get_unasked()
            return counts[0]

        self._create_member(self.buyer2_user, may_approve=True)
        self.anna.write({"deputy_id": self.bob.id, "away_from": self.today})
        count(self.approval)
        few = count(self.approval)
        many = self.approval
        for number in range(3):
            many |= self._request(self._new_cart(quantity=number + 1)).sudo()
        self.rule.active = False
        self.member.order_limit = 1
        for number in range(3):
            many |= self._request(self._new_cart(quantity=number + 1)).sudo()
        self.assertEqual(len(many), 7)
        self.assertNoMoreQueries(few, count(many))
