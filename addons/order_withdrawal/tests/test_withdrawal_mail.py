import smtplib

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import WithdrawalOutboxCommon


@tagged("post_install", "-at_install")
class TestWithdrawalMail(WithdrawalOutboxCommon):
    """The acknowledgement: whom it reaches, once, and what is held back."""

    def test_acknowledgement_has_the_whole_statement(self):
        statement = self._declare(reason="Wrong <b>colour</b>")
        self.assertEqual(statement.mail_state, "pending")
        (mail,) = self._mailed()
        self.assertEqual(mail["to"], ["buyer@example.com"])
        self.assertEqual(statement.mail_state, "sent")
        for words in ("Anna Kowalska", self.order.name, "Wrong &lt;b&gt;colour", statement.name):
            self.assertIn(words, mail["text"])
        self.assertIn("Europe/Warsaw, UTC+0", mail["text"])
        self.assertIn("receipt, not an acceptance", mail["text"])
        self.assertFalse(self._mailed(), "once")

    def test_acknowledgement_carries_the_pdf(self):
        statement = self._declare()
        self._mailed()
        pdf = self.env["ir.attachment"].search(
            [("res_model", "=", "sale.withdrawal"), ("res_id", "=", statement.id)]
        )
        self.assertEqual(len(pdf), 1)
        self.assertTrue(pdf.raw)
        self.assertTrue(pdf.name.endswith(".pdf"))

    def test_acknowledgement_leaves_without_a_pdf_that_cannot_be_made(self):
        statement = self._declare()
        report = self.env.ref("order_withdrawal.report_withdrawal_receipt_action")
        report.report_name = "order_withdrawal.no_such_report"
        self.assertEqual(len(self._mailed()), 1)
        self.assertEqual(statement.mail_state, "sent")

    def test_acknowledgement_leaves_without_its_template(self):
        self.env.cr.execute(
            "DELETE FROM ir_model_data WHERE module = 'order_withdrawal'"
            " AND name = 'mail_template_withdrawal_received'"
        )
        self.env.registry.clear_cache()
        self._declare(reason="Wrong colour")
        (mail,) = self._mailed()
        self.assertIn("Wrong colour", mail["text"])

    def test_template_in_use_cannot_be_deleted(self):
        template = self.env.ref("order_withdrawal.mail_template_withdrawal_received")
        with self.assertRaisesRegex(UserError, "Archive it, and a plain text is sent instead"):
            template.unlink()

    def test_other_address_of_a_link_reaches_both(self):
        statement = self._declare("tracking", self.order, email="wife@example.com")
        mails = self._mailed()
        self.assertEqual(
            sorted(address for mail in mails for address in mail["to"]),
            ["buyer@example.com", "wife@example.com"],
        )
        self.assertTrue(all(len(mail["to"]) == 1 for mail in mails), "neither sees the other")
        self.assertEqual(statement.mail_state, "sent")

    def test_other_address_without_proof_reaches_the_orders_own(self):
        statement = self._declare(email="stranger@example.com")
        (mail,) = self._mailed()
        self.assertEqual(mail["to"], ["buyer@example.com"])
        self.assertFalse(statement.is_verified)

    def test_unmatched_is_one_a_day_and_recipient(self):
        first = self._declare(reference="X-1", email="stranger@example.com")
        others = [
            self._declare(reference=f"X-{n}", email=email)
            for n, email in enumerate(
                ("stranger+1@example.com", "Stranger@Example.com", "stranger+2@example.com")
            )
        ]
        self.assertEqual(first.mail_state, "pending")
        self.assertEqual({other.mail_state for other in others}, {"suppressed"})
        self.assertEqual(len(self._mailed()), 1)
        others[0].action_send_acknowledgement()
        self.assertEqual(others[0].mail_state, "pending")
        self.assertEqual(len(self._mailed()), 1)
        self.assertEqual(others[0].mail_state, "sent")

    def test_held_back_wakes_no_outbox(self):
        """What is to be mailed is at once; a flood that is held back leaves the outbox alone."""
        cron = self.env.ref("order_status_flags.ir_cron_status_mail")
        triggers = self.env["ir.cron.trigger"].search_count

        def count():
            return triggers([("cron_id", "=", cron.id)])

        before = count()
        self._declare(reference="X-1", email="stranger@example.com")
        self.assertEqual(count(), before + 1)
        held_back = self._declare(reference="X-2", email="stranger@example.com")
        self.assertEqual(held_back.mail_state, "suppressed")
        self.assertEqual(count(), before + 1)
        self._declare("tracking", self.order)
        self.assertGreater(count(), before + 1)

    def test_words_alone_name_no_order(self):
        """What has no number in it is not looked for, nor who has the function."""
        with self._count_queries(fresh=False) as queries:
            domain = self.env["sale.withdrawal"]._get_number_domain("The blue lamp of May")
            self.assertFalse(self.env["sale.order"].search(domain))
        self.assertEqual(queries, [0])

    def test_unmatched_again_on_another_day(self):
        self._declare(reference="X-1", email="stranger@example.com")
        key = self.env["sale.withdrawal.mail"].search([], order="id desc", limit=1)
        key.limit_key = key.limit_key.replace(str(fields.Date.today().year), "1999")
        again = self._declare(reference="X-2", email="stranger@example.com")
        self.assertEqual(again.mail_state, "pending")

    def test_verified_is_never_held_back(self):
        for _time in range(3):
            self.assertEqual(self._declare().mail_state, "pending")
        self.assertEqual(len(self._mailed()), 3)

    def test_flood_is_recorded_and_not_mailed(self):
        states = [
            self._declare(reference=f"X-{n}", email=f"victim{n}@example.com").mail_state
            for n in range(25)
        ]
        self.assertEqual(states.count("pending"), 20)
        self.assertEqual(states.count("suppressed"), 5)
        other = self._declare(reference="X", email="else@example.com", origin="198.51.100.1")
        self.assertEqual(other.mail_state, "pending")
        activities = self.env["mail.activity"].search_count(
            [
                (
                    "activity_type_id",
                    "=",
                    self.env.ref("order_withdrawal.mail_activity_type_unmatched").id,
                )
            ]
        )
        self.assertEqual(activities, 1, "one for all of them")

    def test_server_away_is_tried_again(self):
        statement = self._declare()
        self._run(error=ConnectionRefusedError("away"))
        self.assertEqual(statement.mail_state, "pending")
        self.assertTrue(statement.mail_ids.mail_error)
        self._make_due(statement.mail_ids)
        self.assertEqual(len(self._mailed()), 1)
        self.assertEqual(statement.mail_state, "sent")

    def test_refused_address_is_failed(self):
        statement = self._declare()
        self._run(error=smtplib.SMTPRecipientsRefused({"buyer@example.com": (550, b"no")}))
        self.assertEqual(statement.mail_state, "failed")
        self.assertIn(
            statement, self.env["sale.withdrawal"].search([("needs_attention", "=", True)])
        )
        statement.action_send_acknowledgement()
        self.assertEqual(len(self._mailed()), 1)
        self.assertEqual(statement.mail_state, "sent")

    def test_deleted_in_the_queue_is_failed(self):
        statement = self._declare()
        with self._smtp():
            self._send_status_mails()
        statement.mail_ids.mail_mail_id.unlink()
        self.assertEqual(statement.mail_state, "failed")

    def test_letter_gets_the_same_acknowledgement(self):
        statement = self._enter(self.order, reason="By letter")
        self.assertEqual(statement.mail_state, "pending")
        (mail,) = self._mailed()
        self.assertIn("By letter", mail["text"])

    def test_decline_is_told_with_its_reason(self):
        statement = self._declare()
        self._mailed()
        statement.action_decline("The seal was opened")
        (mail,) = self._mailed()
        self.assertEqual(mail["to"], ["buyer@example.com"])
        self.assertIn("The seal was opened", mail["text"])
        self.assertEqual(statement.mail_state, "sent")

    def test_matching_sends_to_the_given_address(self):
        statement = self._declare(email="stranger@example.com")
        self._mailed()
        statement.action_match(self.order.id)
        (mail,) = self._mailed()
        self.assertEqual(mail["to"], ["stranger@example.com"])

    # === TEMPLATES === #

    def test_archived_template_is_replaced_by_a_plain_text(self):
        for name in ("received", "declined"):
            self.env.ref(f"order_withdrawal.mail_template_withdrawal_{name}").write(
                {"active": False, "subject": "Archived"}
            )
        statement = self._declare(reason="Wrong colour")
        (mail,) = self._mailed()
        self.assertIn("We have received your statement", mail["subject"])
        self.assertIn("Wrong colour", mail["text"])
        statement.action_decline("The seal was opened")
        (mail,) = self._mailed()
        self.assertEqual(mail["subject"], f"Your withdrawal {statement.name}")
        self.assertIn("The seal was opened", mail["text"])
        self.assertNotIn("receipt", mail["text"])

    def test_plain_text_is_in_the_language_of_the_statement(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        view = self.env.ref("order_withdrawal.mail_without_template")
        view.update_field_translations(
            "arch_db",
            {"pl_PL": {"We have received the following statement of withdrawal on": "Po polsku"}},
        )
        self.env.ref("order_withdrawal.mail_template_withdrawal_received").active = False
        self._declare()._set(lang="pl_PL")
        (mail,) = self._mailed()
        self.assertIn("Po polsku", mail["text"])

    def test_decline_leaves_in_the_name_of_nobody_who_has_left(self):
        leaver = new_test_user(self.env, "wd_leaver", "sales_team.group_sale_salesman")
        for user, responsible in (
            (self.seller, leaver),
            (leaver, self.seller),
            (leaver, self.env["res.users"]),
        ):
            self.order.user_id = user
            statement = self._declare("tracking", self.order)
            statement.user_id = responsible
            self._mailed()
            leaver.active = False
            statement.action_decline("The seal was opened")
            template = self.env.ref("order_withdrawal.mail_template_withdrawal_declined")
            made = template._generate_template(statement.ids, ["email_from"])[statement.id]
            sender = self.company if user == leaver else self.seller
            self.assertEqual(made["email_from"], sender.email_formatted)
            self._mailed()
            leaver.active = True

    # === WHAT FAILED FOR GOOD === #

    def _needing_attention(self):
        return self.env["sale.withdrawal"].search([("needs_attention", "=", True)])

    def test_failed_is_handled(self):
        statement = self._declare()
        self._refuse(statement)
        self.assertTrue(statement.has_failed_mail)
        self.assertIn(statement, self._needing_attention())
        before = statement.message_ids
        statement.with_user(self.seller).action_dismiss_failed_mail()
        self.assertFalse(statement.has_failed_mail or statement.needs_attention)
        self.assertNotIn(statement, self._needing_attention())
        self.assertEqual(statement.mail_ids.mail_state, "failed", "what happened stays told")
        trace = statement.message_ids - before
        self.assertEqual(trace.author_id, self.seller.partner_id)
        self.assertIn("no such mailbox", trace.body)
        statement.action_dismiss_failed_mail()
        self.assertEqual(statement.message_ids, trace | before, "once is enough")
        statement.action_send_acknowledgement()
        self._refuse(statement)
        self.assertTrue(statement.has_failed_mail, "it failed once more")

    def test_address_that_was_mended_gets_what_failed(self):
        statement = self._enter(self.order, email="buyer@example.com")
        self._refuse(statement)
        self.customer.email = "mended@example.com"
        statement.with_user(self.seller).action_send_acknowledgement()
        refuse = smtplib.SMTPRecipientsRefused({"buyer@example.com": (550, b"no")})

        def answer(recipients):
            if "buyer@example.com" in recipients:
                raise refuse

        self._run(error=answer)
        states = {mail.email: mail.mail_state for mail in statement.mail_ids}
        self.assertEqual(
            states, {"buyer@example.com": "failed", "mended@example.com": "sent"}, "once each"
        )
        statement.action_dismiss_failed_mail()
        self.assertEqual(statement.mail_state, "sent")

    def test_decline_that_failed_is_seen_and_sent_again(self):
        statement = self._declare()
        self._mailed()
        statement.action_decline("The seal was opened")
        self._refuse(statement)
        self.assertEqual(statement.mail_state, "sent", "that of the acknowledgement")
        self.assertTrue(statement.has_failed_mail)
        self.assertIn(statement, self._needing_attention())
        statement.with_user(self.seller).action_send_acknowledgement()
        (mail,) = self._mailed()
        self.assertIn("The seal was opened", mail["text"])
        self.assertFalse(statement.has_failed_mail)

    def test_decline_that_was_taken_back_is_not_sent(self):
        waiting, failed = self._declare("tracking", self.order), self._declare()
        self._mailed()
        failed.action_decline("The seal was opened")
        self._refuse(failed)
        waiting.action_decline("The seal was opened")
        for statement in (waiting, failed):
            statement.action_accept()
            self.assertFalse(statement.has_failed_mail)
        self.assertNotIn("The seal", "".join(mail["text"] for mail in self._mailed()))

    def test_decline_that_comes_back_when_it_was_taken_back_is_no_matter(self):
        statement = self._declare()
        self._mailed()
        statement.action_decline("The seal was opened")
        self._mailed()
        statement.action_accept()
        refusal = statement.mail_ids.filtered(lambda mail: mail.kind == "declined")
        self._bounce(refusal.mail_references)
        self.assertEqual(refusal.mail_state, "failed")
        self.assertFalse(statement.has_failed_mail)
        self.assertNotIn(statement, self._needing_attention())

    def test_forgotten_statement_has_no_address(self):
        statement = self._declare()
        self._refuse(statement)
        statement._anonymise()
        self.assertFalse(statement.has_failed_mail)
        with self.assertRaisesRegex(UserError, "address"):
            statement.action_send_acknowledgement()

    # === WHAT COMES BACK === #

    def _bounce(self, message_id, action="failed"):
        domain = self.company.alias_domain_id or self.env["mail.alias.domain"].create(
            {"name": "shop.example.com"}
        )
        self.company.alias_domain_id = domain
        report = (
            f"From: MAILER-DAEMON@mx.example.net\nTo: {domain.bounce_email}\n"
            "Subject: Undelivered\n"
            f"Message-Id: <report-{action}@mx.example.net>\nMIME-Version: 1.0\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=B\n\n"
            "--B\nContent-Type: text/plain\n\nMailbox is gone\n\n"
            "--B\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n"
            f"Final-Recipient: rfc822; buyer@example.com\nAction: {action}\nStatus: 5.1.1\n\n"
            f"--B\nContent-Type: message/rfc822\n\nMessage-Id: {message_id}\nSubject: x\n\n"
            "x\n\n--B--\n"
        )
        with mute_logger("odoo.addons.mail.models.mail_thread"):
            self.env["mail.thread"].message_process(False, report)

    def test_acknowledgement_that_comes_back_is_failed(self):
        statement = self._declare()
        other = self._declare()
        self._mailed()
        row = statement.mail_ids
        for action in ("delayed", "delivered"):
            self._bounce(row.mail_references, action=action)
        self.assertEqual(statement.mail_state, "sent", "no report of a failure")
        self._bounce(row.mail_references)
        self.assertEqual(statement.mail_state, "failed")
        self.assertIn("Mailbox is gone", row.mail_error)
        self.assertEqual(other.mail_state, "sent")
        self.assertTrue(statement.needs_attention)
        self.assertFalse(self._mailed(), "nothing is sent again by itself")

    def test_what_came_back_says_nothing_of_what_was_sent_again(self):
        statement = self._declare()
        self._mailed()
        first = statement.mail_ids.mail_references
        self._bounce(first)
        statement.action_send_acknowledgement()
        self._bounce(first)
        self.assertEqual(statement.mail_state, "pending")
        self.assertEqual(len(self._mailed()), 1)
        self._bounce(first)
        self.assertEqual(statement.mail_state, "sent")
        self._bounce(statement.mail_ids.mail_references.split()[-1])
        self.assertEqual(statement.mail_state, "failed")

    # === LANGUAGE === #

    def test_language_that_is_switched_off_stops_no_paper(self):
        statement = self._declare()
        self.env.cr.execute(
            "UPDATE sale_withdrawal SET lang = 'sr@latin' WHERE id = %s", [statement.id]
        )
        self.env.invalidate_all()
        for name in ("receipt", "case"):
            html, _type = self.env["ir.actions.report"]._render_qweb_html(
                f"order_withdrawal.report_withdrawal_{name}_action", statement.ids
            )
            self.assertIn(statement.statement_hash, html.decode())
        (mail,) = self._mailed()
        self.assertIn("receipt, not an acceptance", mail["text"])
        self.assertTrue(
            self.env["ir.attachment"].search_count(
                [("res_model", "=", "sale.withdrawal"), ("res_id", "=", statement.id)]
            ),
            "the PDF as well",
        )
