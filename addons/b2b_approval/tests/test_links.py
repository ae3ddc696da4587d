import logging
import re
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import freeze_time, tagged

from odoo.addons.order_status_flags.access_log import LOGGERS

from ..context_keys import DECIDING
from .common import ApprovalCommon


@tagged("post_install", "-at_install")
class TestLinks(ApprovalCommon):
    """The link of the e-mail: no login, one person, one step, once."""

    def setUp(self):
        super().setUp()
        self.rule = self._create_approval_rule((10, self.anna | self.bob))
        self.approval = self._request(client_order_ref="PO-7", b2b_note="Please, by Friday")
        self.order = self.approval.order_id
        self.mails = self._send_notices()
        self.authenticate(None, None)

    def _link(self, member, mails=None):
        mail = (mails or self.mails).filtered(lambda one: member.partner_id in one.recipient_ids)
        return re.search(r"/b2b/approve/[\w-]+", mail[-1:].body_html)[0]

    def _decide(self, url, decision="approve", **form):
        answer = self._post(url, {"decision": decision, **form}, allow_redirects=False)
        self.env.invalidate_all()
        return answer

    def test_mail_goes_to_each_approver_in_his_language(self):
        self.assertEqual(len(self.mails), 2)
        self.assertEqual(
            self.mails.recipient_ids, self.anna_user.partner_id | self.bob_user.partner_id
        )
        self.assertNotEqual(self._link(self.anna), self._link(self.bob))
        self.assertIn("Please, by Friday", self.mails[0].body_html)
        self.assertFalse(self._send_notices(), "each once")

    def test_token_is_in_the_mail_alone(self):
        token = self._link(self.anna).rpartition("/")[2]
        self.assertFalse(
            any(token in (body or "") for body in self.mails.mail_message_id.mapped("body"))
        )
        notices = self.env["b2b.approval.notice"].search([])
        self.assertFalse(any(token in str(values) for values in notices.read()))
        with self.assertRaises(AccessError):
            notices.with_user(self.seller_user).read(["state"])
        # As the server's own loggers would write it: the filter is attached to them.
        line = f"GET /b2b/approve/{token} HTTP/1.1"
        for name in LOGGERS:
            record = logging.LogRecord(name, logging.INFO, __file__, 1, line, (), None)
            self.assertTrue(logging.getLogger(name).filter(record))
            self.assertEqual(record.getMessage(), "GET /b2b/approve/*** HTTP/1.1")

    def test_get_shows_and_changes_nothing(self):
        for _time in range(2):
            answer = self._get(self._link(self.anna))
            self.assertEqual(answer.status_code, 200)
            for text in ("PO-7", "Please, by Friday", self.product.name, self.buyer_user.name):
                self.assertIn(text, answer.text)
            self.assertIn("no-store", answer.headers["Cache-Control"])
            self.assertIn("noindex", answer.headers["X-Robots-Tag"])
            self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer")
        self.env.invalidate_all()
        self.assertEqual(self.approval.state, "pending")
        self.opener.head(self.base_url() + self._link(self.anna))
        self.assertEqual(self.approval.state, "pending")

    def test_post_decides_once(self):
        url = self._link(self.anna)
        answer = self._decide(url, comment="Fine")
        self.assertEqual(answer.status_code, 303)
        self.assertEqual(self.approval.state, "approved")
        decision = self.approval.decision_ids
        self.assertEqual((decision.member_id, decision.comment), (self.anna, "Fine"))
        self.assertEqual(self.order.b2b_qualifier, "order")
        self.assertIn("You have approved", self._alerts(self._get(url))[0])
        self._decide(url)
        self.assertEqual(len(self.approval.decision_ids), 1)
        answer = self._decide(self._link(self.bob), "decline", comment="No")
        self.assertIn(self.anna_user.name, self._alerts(answer)[0], "the other one is told")
        self.assertNotIn(self.product.name, answer.text)

    def test_decline_needs_a_comment(self):
        url = self._link(self.anna)
        answer = self._decide(url, "decline")
        self.assertTrue(self._alerts(answer))
        self.assertEqual(self.approval.state, "pending")
        self._decide(url, "decline", comment="Too much")
        self.assertEqual(self.approval.state, "declined")
        mail = self._send_notices()
        self.assertEqual(mail.recipient_ids, self.buyer_user.partner_id)
        self.assertIn("Too much", mail.body_html)

    def test_changes_are_named_and_accepted(self):
        self.product.list_price = 500
        url = self._link(self.anna)
        self.assertIn(self.product.name, self._alerts(self._get(url))[0])
        answer = self._decide(url)
        self.assertIn(self.product.name, self._alerts(answer)[0])
        self.assertEqual(self.approval.state, "pending")
        self._decide(url, accept_changes="1")
        self.assertEqual(self.approval.state, "approved")

    def test_what_changed_after_the_page_was_shown_is_not_accepted(self):
        self.product.list_price = 500
        url = self._link(self.anna)
        form = self._form(self._get(url), "Approve")[1]
        self.product.list_price = 900
        self.env.flush_all()
        answer = self._decide(url, accept_changes="1", seen=form["seen"])
        self.assertIn(self.product.name, self._alerts(answer)[0])
        self.assertEqual(self.approval.state, "pending")
        form = self._form(answer, "Approve")[1]
        self._decide(url, accept_changes="1", seen=form["seen"])
        self.assertEqual(self.approval.state, "approved")

    def test_what_a_colleague_accepted_meanwhile_is_looked_at_again(self):
        self._as(self.approval, self.buyer_user).withdraw()
        self.rule.step_ids.member_ids = self.anna
        self.rule.write({"step_ids": [(0, 0, {"sequence": 10, "member_ids": self.bob.ids})]})
        self.approval = self._request(self._new_cart())
        mails = self._send_notices()
        url = self._link(self.bob, mails)
        seen = self._form(self._get(url), "Approve")[1]["seen"]
        self.product.list_price = 900
        self.env.flush_all()
        self._decide(self._link(self.anna, mails), accept_changes="1")
        self.assertEqual(len(self.approval.decision_ids), 1)
        answer = self._decide(url, seen=seen)
        self.assertIn("since you opened the page", self._alerts(answer)[0])
        self.assertEqual(self.approval.state, "pending")
        self._decide(url, seen=self._form(answer, "Approve")[1]["seen"])
        self.assertEqual(self.approval.state, "approved")

    def test_note_and_reference_are_part_of_what_was_seen(self):
        url = self._link(self.anna)
        seen = self._form(self._get(url), "Approve")[1]["seen"]
        self.order.b2b_note = "Twice as much"
        self.env.flush_all()
        self._decide(url, seen=seen)
        self.assertEqual(self.approval.state, "pending")

    def test_quantity_that_can_be_read_two_ways_is_refused(self):
        self._as(self.approval, self.buyer_user).withdraw()
        self.approval = self._request(self._new_cart(2000))
        url = self._link(self.anna, self._send_notices())
        name = f"qty_{self.approval.order_id.order_line.id}"
        answer = self._decide(url, **{name: "1,000"})
        self.assertIn("two ways", self._alerts(answer)[0])
        # Less than the unit can tell would take the line out.
        answer = self._decide(url, **{name: "0,0001"})
        self.assertIn("zero", self._alerts(answer)[0])
        self.assertEqual(self.approval.state, "pending")
        self._decide(url, **{name: "1000"})
        self.assertEqual(self.approval.order_id.order_line.product_uom_qty, 1000)

    def test_lines_of_texts_stay_lines(self):
        self.order.b2b_note = "Ring the bell.\nThen wait."
        self.env.flush_all()
        self.rule.step_ids.member_ids = self.anna
        notice = self.env["b2b.approval.notice"].search([("member_id", "=", self.anna.id)])
        notice.state = "pending"
        self.assertIn("Ring the bell.<br", self._send_notices().body_html)
        self._decide(self._link(self.bob), "decline", comment="Too much.\nNot now.")
        self.assertIn("Too much.<br", self._send_notices().body_html)

    def test_moments_are_in_the_readers_zone(self):
        self.anna_user.partner_id.tz = "Pacific/Auckland"
        self.approval.sudo().with_context(b2b_deciding=DECIDING).expires_on = "2050-06-01 20:00:00"
        self.env.flush_all()
        url = self._link(self.anna)
        self.assertIn("06/02/2050", self._get(url).text)
        notice = self.env["b2b.approval.notice"].search([("member_id", "=", self.anna.id)])
        notice.state = "pending"
        self.assertIn("06/02/2050", self._send_notices().body_html)

    def test_mail_without_an_address_is_failed(self):
        notice = self.env["b2b.approval.notice"].search([("member_id", "=", self.anna.id)])
        self.assertEqual(notice.state, "sent")
        self.anna_user.partner_id.email = False
        notice.state = "pending"
        self.assertFalse(self._send_notices())
        self.assertEqual(notice.state, "failed")
        self.assertIn("no e-mail address", notice.error)

    def test_quantities_are_lowered(self):
        line = self.order.order_line
        answer = self._decide(self._link(self.anna), **{f"qty_{line.id}": "x"})
        self.assertTrue(self._alerts(answer))
        self._decide(self._link(self.anna), **{f"qty_{line.id}": "1,0"})
        self.assertEqual((line.product_uom_qty, self.approval.state), (1, "approved"))

    def test_what_cannot_be_placed_stays_pending_with_the_reason(self):
        self.agreement.action_terminate()
        answer = self._decide(self._link(self.anna))
        self.assertIn("agreement", self._alerts(answer)[0])
        self.assertEqual(self.approval.state, "pending")
        self.assertIn("agreement", self.approval.problem)

    def test_wrong_links_are_not_found(self):
        for token in ("x", "0" * 43, "%00", "é" * 20, "x" * 500, "' OR 1=1"):
            for call in (self._get, self._decide):
                with self.subTest(token=token):
                    answer = call(f"/b2b/approve/{token}")
                    self.assertEqual(answer.status_code, 404)
        self.assertEqual(self.approval.state, "pending")

    def test_link_is_for_that_person_while_he_may(self):
        url = self._link(self.anna)
        self.anna.may_approve = False
        answer = self._decide(url)
        self.assertTrue(self._alerts(answer))
        self.assertEqual(self.approval.state, "pending")
        self.assertNotIn(self.product.name, self._get(url).text)

    def test_link_is_for_that_step(self):
        self._as(self.approval, self.buyer_user).withdraw()
        self.rule.step_ids.member_ids = self.anna
        self.rule.write({"step_ids": [(0, 0, {"sequence": 20, "member_ids": self.bob.ids})]})
        self.approval = self._request(self._new_cart())
        mails = self._send_notices()
        self.assertEqual(mails.recipient_ids, self.anna_user.partner_id)
        url = self._link(self.anna, mails)
        self._decide(url)
        self.assertEqual((self.approval.state, self.approval.step), ("pending", 20))
        mails = self._send_notices()
        self.assertEqual(mails.recipient_ids, self.bob_user.partner_id)
        self._decide(url, "decline", comment="No")
        self.assertEqual(self.approval.state, "pending", "that step is over")
        self._decide(self._link(self.bob, mails))
        self.assertEqual(self.approval.state, "approved")

    def test_link_expires_with_the_request(self):
        with freeze_time(fields.Datetime.now() + timedelta(days=15)):
            url = self._link(self.anna)
            self.assertNotIn(self.product.name, self._get(url).text)
            self._decide(url)
        self.assertEqual(self.approval.state, "pending")

    def test_post_without_csrf_token_changes_nothing(self):
        self.url_open(self._link(self.anna), data={"decision": "approve"})
        self.env.invalidate_all()
        self.assertEqual(self.approval.state, "pending")

    # === ANOTHER ADDRESS, ANOTHER TURN === #

    def test_link_dies_with_the_address_it_was_sent_to(self):
        url, person = self._link(self.anna), self.anna_user.partner_id
        person.email = "Anna <B2B_ANNA@example.com>"  # the same mailbox
        self.env.flush_all()
        self.assertFalse(self._send_notices())
        self.assertIn(self.product.name, self._get(url).text)
        person.email = "anna.right@example.com"
        self.env.flush_all()
        self.assertNotIn(self.product.name, self._get(url).text)
        self.assertTrue(self._alerts(self._decide(url)))
        self.assertEqual(self.approval.state, "pending")
        mail = self._send_notices()
        self.assertEqual(mail.recipient_ids, person, "asked anew at the new address, nobody else")
        person.phone = "+386 1 555 01 00"
        self.env.flush_all()
        self.assertFalse(self._send_notices())
        self._decide(self._link(self.anna, mail))
        self.assertEqual(self.approval.state, "approved")

    def test_several_addresses_are_no_other_than_one(self):
        person = self.anna_user.partner_id
        person.email = "anna@example.com, office@example.com"
        self.env.flush_all()
        url = self._link(self.anna, self._send_notices())
        person.email = "office@example.com; Anna <anna@example.com>"
        self.env.flush_all()
        self.assertFalse(self._send_notices())
        self.assertIn(self.product.name, self._get(url).text)
        person.email = "anna@example.com"
        self.env.flush_all()
        self.assertNotIn(self.product.name, self._get(url).text)
        self.assertTrue(self._send_notices())

    def test_new_address_asks_nobody_who_has_not_to_decide(self):
        self._decide(self._link(self.bob))
        self.anna_user.partner_id.email = "anna.right@example.com"
        self.buyer_user.partner_id.email = "buyer.right@example.com"
        self.env.flush_all()
        self.assertFalse(self._send_notices())

    def test_removed_address_asks_nobody(self):
        self.anna_user.partner_id.email = False
        self.env.flush_all()
        waiting = self.env["b2b.approval.notice"].search_count([("state", "=", "pending")])
        self.assertFalse(waiting)
        self.assertNotIn(self.product.name, self._get(self._link(self.anna)).text)

    def test_who_cannot_decide_leaves_no_reason_for_the_others(self):
        self._as(self.approval, self.buyer_user).withdraw()
        self.rule.step_ids.member_ids = self.anna
        self.rule.write({"step_ids": [(0, 0, {"sequence": 20, "member_ids": self.bob.ids})]})
        self.approval = self._request(self._new_cart())
        url = self._link(self.anna, self._send_notices())
        self._decide(url)
        self.assertIn("You have approved", self._alerts(self._decide(url))[0])
        self.assertFalse(
            self.approval.problem, "the mail was opened twice: no problem of the order"
        )
        page = f"/my/b2b/approvals/{self.approval.id}"
        for user in (self.anna_user, self.buyer_user):
            self._login(user)
            self._decide(page)
            self.assertFalse(self.approval.problem, user.login)
