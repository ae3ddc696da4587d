from datetime import timedelta
from unittest.mock import patch

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..status_change import StatusChange
from .outbox import OUTBOX_LOGGER, OutboxCommon


@tagged("post_install", "-at_install")
class TestStatusNotification(OutboxCommon):
    """Which changes are mailed, when, and what the e-mails say."""

    def test_one_mail_with_the_new_status_and_the_link(self):
        order, row = self._flagged()
        emails = self._run()
        self.assertEqual(len(emails), 1)
        self.assertEqual(emails[0]["to"], ["buyer@example.com"])
        self.assertEqual(emails[0]["subject"], f"Order {order.name}: In progress")
        self.assertIn("In progress", emails[0]["text"])
        self.assertNotIn("Saved", emails[0]["text"])
        self.assertEqual(emails[0]["text"].count(order.tracking_url), 1)
        self.assertEqual(row.mail_state, "sent")
        self.assertFalse(row.mail_error)
        # a second run sends nothing more
        self.assertFalse(self._run())

    def test_mail_fits_a_phone(self):
        self._flagged()
        text = self._run()[0]["text"]
        self.assertIn("max-width: 590px", text)
        self.assertNotIn("min-width", text)
        self.assertNotIn('width="590"', text)

    def test_placing_sends_no_status_mail(self):
        order = self._create_order()
        self.assertFalse(self._run())
        self.assertEqual(self._rows(order).mail_state, "none")

    def test_mail_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        self.in_progress.with_context(lang="pl_PL").name = "W trakcie realizacji"
        polish = self.env["res.partner"].create(
            {"name": "Polski", "email": "pl@example.com", "lang": "pl_PL"}
        )
        self._flagged(partner_id=polish.id)
        self._flagged()
        emails = {email["to"][0]: email for email in self._run()}
        for part in ("subject", "text"):
            self.assertIn("W trakcie realizacji", emails["pl@example.com"][part])
            self.assertNotIn("In progress", emails["pl@example.com"][part])
            self.assertIn("In progress", emails["buyer@example.com"][part])

    def test_mail_to_a_customer_without_language_is_in_that_of_the_company(self):
        """An import or another system makes such customers."""
        self.env["res.lang"]._activate_lang("pl_PL")
        self.in_progress.with_context(lang="pl_PL").name = "W trakcie realizacji"
        self.company.partner_id.lang = "pl_PL"
        self.customer.lang = False
        order, _row = self._flagged()
        self.assertEqual(self._run()[0]["subject"].split(": ")[1], "W trakcie realizacji")
        wizard = self.env["sale.order.status.mail.test"].create(
            {"status_id": self.in_progress.id, "order_id": order.id}
        )
        self.assertEqual(wizard.lang, "pl_PL")

    def test_body_of_a_batch_is_compiled_once_and_read_by_each(self):
        orders = [self._flagged(client_order_ref=f"PO-{number}")[0] for number in range(4)]
        template = self.in_progress.mail_template_id
        template.body_html = """
            <p t-if="object.client_order_ref" t-out="object.client_order_ref"/>
            <p t-out="object.name"/>
        """
        compiled = []
        Qweb = type(self.env["ir.qweb"])
        compile_template = Qweb._generate_code

        def generate_code(qweb, template):
            if not isinstance(template, (int, str)) and b"client_order" in etree.tostring(template):
                compiled.append(template)
            return compile_template(qweb, template)

        with patch.object(Qweb, "_generate_code", generate_code):
            emails = self._run()
        # Odoo's look for unsafe expressions, and then one for all four.
        self.assertEqual(len(compiled), 2)
        texts = {email["subject"]: email["text"] for email in emails}
        for order in orders:
            text = texts[f"Order {order.name}: In progress"]
            self.assertIn(order.client_order_ref, text)
            others = [other.client_order_ref for other in orders if other != order]
            self.assertFalse([ref for ref in others if ref in text])

    def test_no_mail_when_not_wanted(self):
        order = self._create_order()
        order.set_order_status(self.in_progress.id, notify=False)
        self.assertEqual(self._rows(order)[-1].mail_state, "suppressed")
        other = self._create_order().with_context(order_status_no_notify=True)
        other.set_order_flag(self.flag_in_progress.id)
        self.assertEqual(self._rows(other)[-1].mail_state, "suppressed")
        self.in_progress.is_public = False
        _hidden, row = self._flagged()
        self.assertEqual(row.mail_state, "suppressed")
        self.in_progress.write({"is_public": True, "mail_template_id": False})
        _silent, row = self._flagged()
        self.assertEqual(row.mail_state, "none")
        self.assertFalse(self._run())

    def test_changes_of_the_codebook_mail_nobody(self):
        order, _row = self._flagged()
        self._run()
        self.in_progress.write({"name": "Being packed", "sequence": 21, "color": 5})
        self.flag_in_progress.status_id = self.fulfilled
        self.in_progress.is_public = False
        self.assertFalse(self._run())
        self.assertEqual(order.order_status_id, self.in_progress)

    def test_overtaken_change_is_superseded(self):
        order, first = self._flagged()
        order.set_order_status(self.fulfilled.id)
        emails = self._run()
        self.assertEqual(len(emails), 1)
        self.assertIn("Fulfilled", emails[0]["subject"])
        self.assertEqual(first.mail_state, "superseded")

    def test_internal_status_overtakes_nothing(self):
        """The customer goes on seeing the status before, and is told of it."""
        hidden = self._create_status(
            "Check invoice", is_public=False, mail_template_id=self.fulfilled.mail_template_id.id
        )
        for handed_over in (False, True):
            order, row = self._flagged()
            if handed_over:
                self._send_status_mails()
            order.set_order_status(hidden.id)
            self.assertEqual(order.customer_status_id, self.in_progress)
            self.assertEqual(self._rows(order)[-1].mail_state, "suppressed")
            (email,) = self._run()
            self.assertEqual(email["subject"], f"Order {order.name}: In progress")
            self.assertEqual(row.mail_state, "sent")
        # What comes behind it overtakes as ever.
        order, row = self._flagged()
        order.set_order_status(hidden.id)
        order.set_order_status(self.fulfilled.id)
        (email,) = self._run()
        self.assertEqual(email["subject"], f"Order {order.name}: Fulfilled")
        self.assertEqual(row.mail_state, "superseded")

    def test_internal_status_in_one_call_overtakes_nothing(self):
        hidden = self._create_status("Check invoice", is_public=False)
        order = self._create_order()
        plan = order._plan_status_changes(
            [StatusChange(order, status=status) for status in (self.in_progress, hidden)]
        )
        self.assertEqual([*plan.get_mail_recipients(True)], [order])
        order._apply_status_changes(plan.changes, "manual")
        self.assertEqual(self._rows(order)[-2:].mapped("mail_state"), ["pending", "none"])
        self.assertEqual(len(self._run()), 1)

    def test_internal_rejection_overtakes_all_the_same(self):
        hidden = self._create_status("Fraud", category="rejected", sequence=45, is_public=False)
        for handed_over in (False, True):
            order, row = self._flagged()
            if handed_over:
                self._send_status_mails()
            order.set_order_status(hidden.id)
            self.assertEqual(row.mail_state, "superseded")
            self.assertFalse(self._run())
        # What the worker held is sorted out by the worker.
        row.write({"mail_state": "pending", "mail_mail_id": False, "mail_due": row.date})
        self.assertFalse(self._run())
        self.assertEqual(row.mail_state, "superseded")

    def test_internal_rejection_in_one_call_overtakes_all_the_same(self):
        hidden = self._create_status("Fraud", category="rejected", sequence=45, is_public=False)
        order = self._create_order()
        plan = order._plan_status_changes(
            [StatusChange(order, status=status) for status in (self.in_progress, hidden)]
        )
        self.assertFalse(plan.get_mail_recipients(True))
        order._apply_status_changes(plan.changes, "manual")
        self.assertNotIn("pending", self._rows(order).mapped("mail_state"))

    def test_overtaken_in_one_call(self):
        order, first = self._flagged()
        order.action_cancel()
        self.assertEqual(first.mail_state, "superseded")
        self.assertIn("Rejected", self._run()[0]["subject"])

    def test_back_at_what_the_customer_knows(self):
        # the status it was placed with
        self.saved.mail_template_id = self.in_progress.mail_template_id
        order = self._create_order(document_type="web")
        self._run()
        order.set_order_status(self.in_progress.id)
        order.set_order_status(self.saved.id)
        self.assertFalse(self._run())
        self.assertEqual(self._rows(order)[-1].mail_state, "superseded")
        # the last one mailed
        order.set_order_status(self.in_progress.id)
        self.assertEqual(len(self._run()), 1)
        order.set_order_status(self.fulfilled.id)
        order.set_order_status(self.in_progress.id)
        self.assertFalse(self._run())
        self.assertEqual(self._rows(order).mapped("mail_state")[-2:], ["superseded", "superseded"])

    def test_first_status_by_hand_is_known_when_it_was_mailed(self):
        """The order was placed without one: nothing is known before."""
        self.company.order_status_on_sales_orders = False
        order = self._create_order()
        for status in (self.in_progress, self.fulfilled, self.in_progress):
            order.set_order_status(status.id)
        self.assertEqual(self._run()[0]["subject"], f"Order {order.name}: In progress")
        for status in (self.fulfilled, self.in_progress):
            order.set_order_status(status.id)
        self.assertFalse(self._run())

    def test_email_about_something_else_tells_no_status(self):
        packed = self._create_status(mail_template_id=self.in_progress.mail_template_id.id)
        order, _row = self._flagged()
        self._run()
        # The link is asked for in a status of which the customer was not told.
        order.set_order_status(packed.id, notify=False)
        self.env["sale.order.status.history"].sudo()._queue_links(order.sudo())
        self.assertEqual(len(self._run()), 1)
        order.set_order_status(self.in_progress.id)
        self.assertFalse(self._run(), "the customer knows it")
        order.set_order_status(packed.id)
        self.assertEqual(self._run()[0]["subject"], f"Order {order.name}: Packed")

    def test_change_behind_an_email_that_is_leaving_waits_for_it(self):
        """Only then it is known what the customer knows."""
        order, told = self._flagged()
        self._run()
        order.set_order_status(self.fulfilled.id)
        self._send_status_mails()
        leaving = self._rows(order)[-1]
        self.assertEqual(leaving.mail_mail_id.state, "outgoing")
        # The mail queue holds it while the order goes back to the status told before.
        Mail = self.registry["mail.mail"]
        with patch.object(Mail, "try_lock_for_update", lambda mails, **_options: mails.browse()):
            order.set_order_status(self.in_progress.id)
            back = self._rows(order)[-1]
            self._send_status_mails()
        self.assertEqual((leaving.mail_state, back.mail_state), ("pending", "pending"))
        leaving.mail_mail_id.state = "sent"
        leaving._on_mail_sent()
        back.mail_due = fields.Datetime.now()
        subjects = [email["subject"] for email in self._run()]
        self.assertEqual(subjects, [f"Order {order.name}: In progress"])
        self.assertEqual((told | leaving | back).mapped("mail_state"), ["sent", "sent", "sent"])

    def test_change_behind_an_email_that_could_not_leave_withdraws_it(self):
        order, _told = self._flagged()
        self._run()
        order.set_order_status(self.fulfilled.id)
        self._send_status_mails()
        waiting = self._rows(order)[-1]
        Mail = self.registry["mail.mail"]
        with patch.object(Mail, "try_lock_for_update", lambda mails, **_options: mails.browse()):
            order.set_order_status(self.rejected.id, force=True)
        self.assertEqual(waiting.mail_state, "pending")
        emails = self._run()
        self.assertEqual([email["subject"] for email in emails], [f"Order {order.name}: Rejected"])
        self.assertEqual(waiting.mail_state, "superseded")

    def test_flag_inside_a_status_does_not_overtake(self):
        order, row = self._flagged()
        order.set_order_flag(self.flag_in_progress.id, note="second shelf")
        self.assertEqual(len(self._run()), 1)
        self.assertEqual(row.mail_state, "sent")

    def test_hold_back_time_is_fixed_at_the_change(self):
        self.company.order_status_mail_delay = 10
        _order, row = self._flagged()
        self.assertEqual(row.mail_due, row.date + timedelta(minutes=10))
        self.company.order_status_mail_delay = 0
        self.assertFalse(self._run())
        self.assertEqual(row.mail_state, "pending")
        trigger = self.env["ir.cron.trigger"].search(
            [("cron_id", "=", self.env.ref("order_status_flags.ir_cron_status_mail").id)],
            order="id desc",
            limit=1,
        )
        self.assertEqual(trigger.call_at, row.mail_due)
        row.mail_due = fields.Datetime.now()
        self.assertEqual(len(self._run()), 1)

    def test_customer_without_address_fails(self):
        nobody = self.env["res.partner"].create({"name": "Nobody"})
        _order, row = self._flagged(partner_id=nobody.id)
        _good, good_row = self._flagged()
        self.assertEqual(len(self._run()), 1)
        self.assertEqual(row.mail_state, "failed")
        self.assertIn("no e-mail address", row.mail_error)
        self.assertEqual(good_row.mail_state, "sent")

    def test_one_bad_order_never_stops_the_rest(self):
        template = self.in_progress.mail_template_id
        template.body_html = (
            '<p><t t-if="object.client_order_ref == \'bad\'" t-out="1 / 0"/>'
            '<t t-out="object.name"/></p>'
        )
        rows = self.env["sale.order.status.history"]
        for i in range(7):
            rows |= self._flagged(client_order_ref="bad" if i == 3 else "good")[1]
        with mute_logger(OUTBOX_LOGGER, "odoo.addons.mail.models.mail_render_mixin"):
            emails = self._run()
        self.assertEqual(len(emails), 6)
        self.assertEqual(rows.mapped("mail_state"), ["sent"] * 3 + ["failed"] + ["sent"] * 3)
        self.assertTrue(rows[3].mail_error)

    def test_resend(self):
        order, row = self._flagged()
        self._run()
        order.set_order_status(self.fulfilled.id)
        self._run()
        # an older e-mail says again what it said then
        row.with_user(self.seller).action_resend_mail()
        emails = self._run()
        self.assertEqual(len(emails), 1)
        self.assertIn("In progress", emails[0]["subject"])
        self.assertEqual(row.mail_state, "sent")

    def test_resend_only_where_it_makes_sense(self):
        order, pending = self._flagged()
        placed = self._rows(order)[0]
        for row in (pending, placed):
            with self.assertRaises(UserError), self.cr.savepoint():
                row.action_resend_mail()
        order.user_id = self.manager
        own_only = self.env["res.users"].create(
            {
                "name": "Own",
                "login": "test_own_only",
                "group_ids": [(6, 0, self.env.ref("sales_team.group_sale_salesman").ids)],
            }
        )
        pending._mark_failed("x")
        with self.assertRaises(AccessError):
            pending.with_user(own_only).action_resend_mail()

    def test_internal_status_is_not_resent(self):
        _order, row = self._flagged()
        self.in_progress.is_public = False
        self._run()
        with self.assertRaisesRegex(UserError, "internal"), self.cr.savepoint():
            row.action_resend_mail()
        self.assertEqual(row.mail_state, "suppressed")

    def test_each_company_has_its_own_moment(self):
        branch = self.env["res.company"].create({"name": "Branch", "order_status_mail_delay": 30})
        own = self._create_order()
        other = self._create_order(company_id=branch.id)
        triggers = self.env["ir.cron.trigger"].search([]).ids
        (own | other).set_order_status(self.in_progress.id)
        due = [self._rows(order)[-1].mail_due for order in (own, other)]
        self.assertEqual(due[1] - due[0], timedelta(minutes=30))
        cron = self.env.ref("order_status_flags.ir_cron_status_mail")
        made = self.env["ir.cron.trigger"].search(
            [("cron_id", "=", cron.id), ("id", "not in", triggers)]
        )
        self.assertEqual(set(made.mapped("call_at")), set(due))

    def test_status_made_silent_or_hidden_before_the_mail_left(self):
        _order, row = self._flagged()
        self.in_progress.is_public = False
        self.assertFalse(self._run())
        self.assertEqual(row.mail_state, "suppressed")
        self.in_progress.is_public = True
        _other, other_row = self._flagged()
        self.in_progress.mail_template_id = False
        self.assertFalse(self._run())
        self.assertEqual(other_row.mail_state, "none")

    def test_rendering_queries_do_not_grow_per_mail(self):
        counts = []
        for size in (5, 25):
            orders = self._create_orders(size)
            orders.set_order_flag(self.flag_in_progress.id)
            self.env.flush_all()
            self.env.invalidate_all()
            rows = self.env["sale.order.status.history"].search(
                [("mail_state", "=", "pending"), ("order_id", "in", orders.ids)]
            )
            with self._count_queries() as queries:
                rows._hand_over_mails()
            ours = queries[0]
            with self._count_queries() as queries:
                self.in_progress.mail_template_id.send_mail_batch(orders.ids)
            counts.append(ours - queries[0])
        self.assertLessEqual(counts[1], counts[0] + 2, counts)
