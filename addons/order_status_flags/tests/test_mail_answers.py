from email import message_from_string, policy
from email.message import EmailMessage
from pathlib import Path
from runpy import run_path
from unittest.mock import patch

from odoo.tests import new_test_user, tagged
from odoo.tools import email_normalize, mute_logger

from odoo.addons.mail.models import mail_thread

from .outbox import OutboxCommon
from .test_mail_queue import GATEWAY, GATEWAY_LOGGER


@tagged("post_install", "-at_install")
class TestMailAnswers(OutboxCommon):
    """Answers to status e-mails reach the order."""

    def _set_domain(self):
        self.domain = self.env["mail.alias.domain"].create({"name": GATEWAY})
        self.company.alias_domain_id = self.domain

    def _headers(self):
        self._run()
        return message_from_string(self.emails[-1]["message"], policy=policy.default)

    def _answer(self, mail, references=None):
        answer = EmailMessage()
        answer["From"] = self.customer.email
        answer["To"] = str(mail["Reply-To"])
        answer["Subject"] = "Re"
        answer["Message-Id"] = f"<answer-{len(self.emails)}-{id(mail)}@example.com>"
        answer["In-Reply-To"] = answer["References"] = references or mail["Message-Id"].strip()
        answer.set_content("Deliver on Monday please")
        with mute_logger(GATEWAY_LOGGER):
            return self.env["mail.thread"].message_process(False, answer.as_string())

    def test_answer_lands_in_the_messages_of_the_order(self):
        self._set_domain()
        order, row = self._flagged()
        mail = self._headers()
        self.assertEqual(email_normalize(str(mail["Reply-To"])), self.domain.catchall_email)
        self.assertEqual(self._answer(mail), order.id)
        self.assertIn("Deliver on Monday", order.message_ids[0].body)
        self.assertEqual(order.message_ids[0].author_id, self.customer)
        row.action_resend_mail()
        self._run()
        self.assertEqual(self._answer(mail), order.id, "the one before is known, too")

    def test_answer_refers_to_the_last_message_that_readers_see(self):
        order, _row = self._flagged()
        mail = self._headers()
        seen = [order.message_post(body=f"{number}") for number in range(3)][-1]
        order.message_notify(body="to one user", partner_ids=self.seller.partner_id.ids)
        self.assertNotEqual(seen, self.env["mail.message"].search([], order="id desc", limit=1))
        known = mail["Message-Id"].strip()
        values = {"references": known, "message_id": "<a@example.com>"}
        with patch.object(mail_thread.MailThread, "message_route", return_value=[]):
            self.env["mail.thread"].message_route(EmailMessage(), values)
        self.assertEqual(values["references"], f"{seen.message_id} {known}")

    def test_answer_to_what_nobody_sent_lands_nowhere(self):
        self._set_domain()
        order, _row = self._flagged()
        mail = self._headers()
        before = order.message_ids
        self._answer(mail, references=f"<1.2.3-openerp-{order.id}-sale.order@example.com>")
        self.assertEqual(order.message_ids, before)

    def test_template_says_where_answers_go(self):
        self._set_domain()
        self.in_progress.mail_template_id.reply_to = "desk@example.com"
        self._flagged()
        self.assertEqual(self._headers()["Reply-To"], "desk@example.com")

    def test_salesperson_who_has_left(self):
        self.company.email = "office@example.com"
        for portal in (False, True):
            with self.subTest(portal=portal):
                left = new_test_user(
                    self.env,
                    f"left_{portal}",
                    groups="sales_team.group_sale_salesman",
                    email="left@example.com",
                )
                self._flagged(user_id=left.id)
                if portal:
                    left.group_ids = self.env.ref("base.group_portal")
                else:
                    left.active = False
                mail = self._headers()
                self.assertEqual(email_normalize(str(mail["From"])), "office@example.com")
                self.assertEqual(email_normalize(str(mail["Reply-To"])), "office@example.com")

    def test_who_has_left_signs_no_more(self):
        templates = [
            self.env.ref(f"order_status_flags.mail_template_{name}")
            for name in ("status_changed", "order_delayed", "order_link")
        ]
        order, _row = self._flagged()
        for active in (True, False):
            self.seller.active = active
            for template in templates:
                with self.subTest(template=template.name, active=active):
                    body = template._render_field("body_html", order.ids)[order.id]
                    self.assertEqual(self.seller.name in body, active)
                    self.assertEqual("Kind regards" in body, active)

    def test_upgrade_changes_the_signature_that_was_shipped(self):
        """Edited ones, and all other text, stay."""
        path = Path(__file__).parents[1] / "migrations/19.0.2.1.0/post-mail_signature.py"
        self.env["res.lang"]._activate_lang("pl_PL")
        shipped = self.in_progress.mail_template_id
        after = shipped.body_html
        before = after.replace("object._get_seller_at_work().name", "object.user_id.name")
        self.assertNotEqual(after, before)
        copy = shipped.copy({"body_html": before.replace("Hello", "Dear")})
        edited = shipped.copy({"body_html": "<p t-out='object.user_id.name'/>"})
        other = shipped.copy({"body_html": '<p t-if="object.user_id.name">Hello</p>'})
        shipped.body_html = before
        shipped.with_context(lang="pl_PL").body_html = before.replace("Hello", "Witaj")
        self.env.flush_all()
        run_path(path)["migrate"](self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()
        self.assertEqual(shipped.body_html, after)
        self.assertEqual(
            shipped.with_context(lang="pl_PL").body_html, after.replace("Hello", "Witaj")
        )
        self.assertEqual(copy.body_html, after.replace("Hello", "Dear"))
        self.assertIn('t-out="object.user_id.name"', edited.body_html)
        self.assertIn('t-if="object.user_id.name"', other.body_html)

    def test_salesperson_at_work(self):
        self.seller.email = "seller@example.com"
        self._flagged()
        mail = self._headers()
        self.assertEqual(email_normalize(str(mail["Reply-To"])), "seller@example.com")

    def test_line_break_in_names(self):
        self.customer.name = "Wholesale\r\nBcc: all@example.com"
        self.seller.write({"name": "Sam\nSeller", "email": "seller@example.com"})
        order, row = self._flagged(client_order_ref="PO\n7")
        self.in_progress.mail_template_id.subject = (
            "Order {{ object.name }}\nfor {{ object.partner_id.name }}"
        )
        mail = self._headers()
        self.assertEqual((row.mail_state, row.mail_error), ("sent", False))
        self.assertIn(["buyer@example.com"], self.attempts)
        self.assertFalse(mail["Bcc"])
        self.assertNotIn("\n", str(mail["Subject"]))
        self.in_progress.cancellation_qualifier = "on_request"
        order.with_context(mail_notify_force_send=False)._customer_cancel(
            "please", self.customer, by_link=True
        )
        self._run()
        failed = self.env["mail.mail"].search(
            [("model", "=", "sale.order"), ("res_id", "=", order.id), ("state", "=", "exception")]
        )
        self.assertFalse(failed.mapped("failure_reason"))
