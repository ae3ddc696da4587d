import smtplib
from datetime import timedelta

from odoo import fields
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.base.models.ir_model import MODULE_UNINSTALL_FLAG
from odoo.addons.mail_delivery_retry.tests.common import Race

from .outbox import OutboxCommon

REFUSED_FOR_NOW = smtplib.SMTPDataError(451, b"Greylisted, try again later")


@tagged("post_install", "-at_install")
class TestDelayMail(OutboxCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product.type = "service"
        cls.company.order_status_delay_days = 2
        cls.noon = fields.Datetime.now().replace(hour=12)

    def _promised(self, days=7, **values):
        return self._create_order(commitment_date=self.noon + timedelta(days=days), **values)

    def _move(self, order, days):
        order.commitment_date = self.noon + timedelta(days=days)
        self._end_transaction()

    def _end_transaction(self):
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.env.flush_all()

    def _delays(self, orders):
        return self.env["sale.order.status.history"].search(
            [("order_id", "in", orders.ids), ("mail_kind", "=", "delay")]
        )

    def _mailed(self, orders):
        return [mail for mail in self._run() if "delayed" in mail["subject"]]

    # === WHEN === #

    def test_moved_later_makes_one_mail(self):
        order = self._promised()
        self._move(order, 9)
        self.assertEqual(self._delays(order).mail_state, "pending")
        mails = self._mailed(order)
        self.assertEqual(len(mails), 1)
        self.assertEqual(mails[0]["to"], ["buyer@example.com"])
        self.assertIn(f"{order.promised_date:%m/%d/%Y}", mails[0]["text"])
        self.assertIn(f"{order.promise_date:%m/%d/%Y}", mails[0]["text"])
        self.assertIn(f"/order/status/{order.order_tracking_token}", mails[0]["text"])
        self.assertEqual(self._delays(order).mail_state, "sent")
        self.assertChain(order)

    def test_less_than_the_days_makes_none(self):
        order = self._promised()
        self._move(order, 8)
        self.assertFalse(self._delays(order))
        self.assertEqual(self._mailed(order), [])

    def test_zero_days_make_none(self):
        self.company.order_status_delay_days = 0
        order = self._promised()
        self._move(order, 30)
        with freeze_time(self.noon + timedelta(days=60)):
            self.env["sale.order"]._pass_promises()
            self.env["sale.order"]._queue_due_delays()
        self.assertFalse(self._delays(order))

    def test_passed_with_goods_open(self):
        order = self._promised()
        with freeze_time(self.noon + timedelta(days=8)):
            with self.enter_registry_test_mode():
                self.env.ref("order_status_flags.ir_cron_promise").method_direct_trigger()
            self.env.invalidate_all()
            self.assertEqual(order.promise_state, "late")
            self.assertEqual(self._delays(order).mail_state, "pending")

    def test_once_for_each_promise(self):
        order = self._promised()
        self._move(order, 9)
        self.assertEqual(len(self._mailed(order)), 1)
        self._move(order, 20)
        with freeze_time(self.noon + timedelta(days=30)):
            self.env["sale.order"]._pass_promises()
            self.env["sale.order"]._queue_due_delays()
        self.assertEqual(len(self._delays(order)), 1)

    def test_sent_once_more_is_no_second_promise(self):
        order = self._promised()
        self._move(order, 10)
        self.assertEqual(len(self._mailed(order)), 1)
        self._move(order, 7)
        self._delays(order).action_resend_mail()
        self.assertEqual(len(self._mailed(order)), 1, "somebody wants it")
        self._move(order, 12)
        self.assertEqual(self._mailed(order), [])
        self.assertEqual(self._delays(order).mail_state, "sent")

    # === REFUSED FOR NOW === #

    def test_refused_for_now_is_tried_again_and_fails_in_the_end(self):
        order = self._promised()
        self._move(order, 10)
        row, mails = self._delays(order), self.env["mail.mail"]
        for attempts in (1, 2, 3):
            self._run(REFUSED_FOR_NOW)
            self.assertEqual((row.mail_state, row.mail_attempts), ("pending", attempts))
            mails |= row.mail_mail_id
            self._make_due(row)
        self.assertEqual(len(mails), 1, "the same one, which is a day old in the end")
        # Another change of the order does not make it anew either.
        order.set_order_status(self.in_progress.id, notify=False)
        self._end_transaction()
        self.assertEqual((row.mail_mail_id, row.mail_attempts), (mails, 3))
        with freeze_time(fields.Datetime.now() + timedelta(hours=25)):
            self._make_due(row)
            self._run(REFUSED_FOR_NOW)
        self.assertEqual(row.mail_state, "failed")
        self.assertIn("Greylisted", row.mail_error)
        self.assertEqual(self._mailed(order), [], "told once, or by Resend")

    def test_reached_are_not_mailed_twice(self):
        template = self.env.ref("order_status_flags.mail_template_order_delayed")
        partners = self.env["res.partner"].create(
            [{"name": name, "email": f"{name}@example.com"} for name in ("one", "two")]
        )
        template.write({"use_default_to": False, "partner_to": ",".join(map(str, partners.ids))})
        order = self._promised()
        self._move(order, 10)

        def answer(recipients):
            if "two@example.com" in recipients:
                raise REFUSED_FOR_NOW

        self._run(answer)
        row = self._delays(order)
        self.assertEqual(row.mail_state, "pending")
        self._make_due(row)
        self.assertEqual([mail["to"] for mail in self._mailed(order)], [["two@example.com"]])
        self.assertEqual(row.mail_state, "sent")

    def test_date_that_passes_while_it_waits_is_told_no_more(self):
        order = self._promised()
        self._move(order, 10)
        self._run(REFUSED_FOR_NOW)
        stale, rows = self._delays(order).mail_mail_id, self.env["sale.order.status.history"]
        with freeze_time(self.noon + timedelta(days=11)):
            rows._settle_waiting_delays()
            self.assertEqual(stale.state, "cancel")
            self._send_status_mails()
            made = self._delays(order).mail_mail_id
            self.assertIn("not certain yet", made.body_html)
            rows._settle_waiting_delays()
            self.assertEqual((self._delays(order).mail_mail_id, made.state), (made, "outgoing"))

    # === SEVERAL MOVES === #

    def test_several_moves_are_one_mail_with_the_last_date(self):
        order = self._promised()
        for days in (10, 20, 12):
            self._move(order, days)
        self.assertEqual(len(self._delays(order)), 1)
        mails = self._mailed(order)
        self.assertEqual(len(mails), 1)
        self.assertIn(f"{order.promise_date:%m/%d/%Y}", mails[0]["text"])

    def test_mail_that_waits_in_the_queue_is_made_anew(self):
        order = self._promised()
        self._move(order, 10)
        self._send_status_mails()
        stale = self._delays(order).mail_mail_id
        self.assertTrue(stale)
        self._move(order, 15)
        self.assertEqual(stale.state, "cancel")
        mails = self._mailed(order)
        self.assertEqual(len(mails), 1)
        self.assertIn(f"{order.promise_date:%m/%d/%Y}", mails[0]["text"])

    def test_moved_back_is_withdrawn_and_may_be_told_later(self):
        for hand_over in (False, True):
            order = self._promised()
            self._move(order, 10)
            if hand_over:
                self._send_status_mails()
            self._move(order, 7)
            self.assertEqual(self._delays(order).mail_state, "superseded")
            self.assertEqual(self._mailed(order), [])
            self._move(order, 11)
            self.assertEqual(len(self._mailed(order)), 1)

    def test_moved_back_without_a_word_is_not_mailed(self):
        order = self._promised()
        self._move(order, 10)
        self.env.cr.execute(
            "UPDATE sale_order SET promise_date = promised_date, promise_state = 'on_time'"
            " WHERE id = %s",
            [order.id],
        )
        self.env.invalidate_all()
        self.assertEqual(self._mailed(order), [])

    # === WHO IS NOT MAILED === #

    def test_never_after_all_is_done(self):
        order = self._promised()
        self._move(order, 10)
        order.set_order_status(self.fulfilled.id)
        self._end_transaction()
        self.assertEqual(self._delays(order).mail_state, "superseded")
        self.assertEqual(self._mailed(order), [])

    def test_never_of_rejected_or_cancelled_ones(self):
        hidden = self._create_status("Fraud", category="rejected", is_public=False)
        for reject in (
            lambda order: order._action_cancel(),
            lambda order: order.with_user(self.manager).set_order_status(hidden.id, force=True),
        ):
            order = self._promised()
            self._move(order, 10)
            reject(order)
            self._end_transaction()
            self.assertEqual(self._delays(order).mail_state, "superseded")
            self._move(order, 20)
            self.assertEqual(self._mailed(order), [])

    def test_rejected_by_mistake_and_undone(self):
        order = self._promised()
        self._move(order, 10)
        clerk = order.with_user(self.manager)
        clerk.set_order_status(self.rejected.id)
        self._end_transaction()
        self.assertEqual(self._delays(order).mail_state, "superseded")
        clerk.action_undo_status()
        self._end_transaction()
        self.assertEqual(len(self._mailed(order)), 1)

    def test_never_of_drafts(self):
        order = self._promised(confirm=False)
        self._move(order, 30)
        self.assertFalse(self._delays(order))

    def test_setting_mails_nobody_about_what_is_there(self):
        self.company.order_status_delay_days = 0
        order, later = self._promised(), self._promised()
        self._move(order, 30)
        self.company.order_status_delay_days = 2
        self._move(later, 30)
        self.env["sale.order"]._queue_due_delays()
        self.assertFalse(self._delays(order))
        self.assertTrue(self._delays(later))

    def test_no_notify(self):
        order = self._promised()
        quiet = order.with_context(order_status_no_notify=True)
        quiet.commitment_date = self.noon + timedelta(days=20)
        self._end_transaction()
        self.assertEqual(self._delays(order).mail_state, "suppressed")
        self.assertEqual(self._mailed(order), [])

    def test_customer_without_an_address(self):
        order = self._promised()
        self.customer.email = False
        self._move(order, 20)
        self._mailed(order)
        self.assertEqual(self._delays(order).mail_state, "failed")

    def test_of_its_company_only(self):
        order = self._promised()
        other = self.env["res.company"].create({"name": "Elsewhere"})
        other.order_status_delay_days = 1
        self.company.order_status_delay_days = 0
        self._move(order, 30)
        self.assertFalse(self._delays(order))

    # === FAILURES === #

    def test_failing_order_stops_no_other(self):
        orders = bad, *_others = self._create_orders(
            3, commitment_date=self.noon + timedelta(days=7)
        )
        waiting = self._promised()
        self._move(waiting, 10)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order SET promise_date = promised_date + 9, promise_state = 'at_risk'"
            " WHERE id IN %s",
            [tuple(orders.ids)],
        )
        self.env.invalidate_all()
        _order, row = self._flagged()
        is_due = self.registry["sale.order"]._is_delay_due

        def fail(order):
            if order == bad:
                raise ValueError("a rule of others")
            return is_due(order)

        self.patch(self.registry["sale.order"], "_is_delay_due", fail)
        with mute_logger("odoo.addons.order_status_flags.models.sale_order.delay"):
            mails = self._mailed(orders)
        self.assertEqual(len(mails), 3)
        self.assertFalse(self._delays(bad))
        self.assertEqual(row.mail_state, "sent")

    # === MANY === #

    def test_many_take_no_query_per_order(self):
        counts = []
        for size in (2, 2, 30):
            orders = self._create_orders(size, commitment_date=self.noon + timedelta(days=7))
            self.env.flush_all()
            self.env.cr.execute(
                "UPDATE sale_order SET promise_date = promised_date + 9, promise_state = 'at_risk'"
                " WHERE id IN %s",
                [tuple(orders.ids)],
            )
            with self._count_queries() as queries:
                orders.sudo()._settle_delays()
            self.assertEqual(len(self._delays(orders)), size)
            counts.append(queries[0])
        self.assertNoMoreQueries(counts[1], counts[2])

    def test_template_is_not_asked_for_again(self):
        rows = self.env["sale.order.status.history"]
        self.assertTrue(rows._get_template_of_kind("delay"))
        with self._count_queries(fresh=False) as queries:
            for _row in range(3):
                rows._get_template_of_kind("delay")
        self.assertEqual(queries, [0])

    def test_template_that_is_gone_or_archived_mails_nobody(self):
        for number, lose in enumerate(
            (
                lambda template: template.write({"active": False}),
                lambda template: template.with_context(**{MODULE_UNINSTALL_FLAG: True}).unlink(),
            )
        ):
            template = self.env.ref("order_status_flags.mail_template_order_delayed")
            template.active = True
            order = self._promised()
            self._move(order, 9)
            lose(template)
            self.assertFalse(self.env["sale.order.status.history"]._get_template_of_kind("delay"))
            self.assertEqual(self._mailed(order), [], number)
            self.assertEqual(self._delays(order).mail_state, "none")
            other = self._promised()
            self._move(other, 9)
            self.assertFalse(self._delays(other))

    def test_status_and_timeline_are_untouched(self):
        order = self._promised()
        steps = order._get_customer_timeline()
        placed_on = order._get_placed_on()
        self._move(order, 20)
        self.assertEqual(order._get_customer_timeline(), steps)
        self.assertEqual(order._get_placed_on(), placed_on)

    def test_order_without_a_status(self):
        self.company.order_status_on_sales_orders = False
        order = self._promised()
        self.assertFalse(order.order_status_id)
        placed_on = order._get_placed_on()
        self._move(order, 20)
        self.assertEqual(len(self._mailed(order)), 1)
        self.assertEqual(order._get_placed_on(), placed_on)


@tagged("post_install", "-at_install")
class TestDelayRace(Race, OutboxCommon):
    def test_two_actions_mail_once(self):
        with self._transaction() as env:
            company = env["res.company"].browse(self.company.id)
            days = company.order_status_delay_days
            company.order_status_delay_days = 2
            partner = env["res.partner"].create({"name": "Race", "email": "race@example.com"})
            product = env["product.product"].create({"name": "Race", "type": "service"})
            order = env["sale.order"].create(
                {
                    "partner_id": partner.id,
                    "commitment_date": fields.Datetime.now() + timedelta(days=3),
                    "order_line": [(0, 0, {"product_id": product.id})],
                }
            )
            order.action_confirm()
            env.flush_all()
            env.cr.execute(
                "UPDATE sale_order SET promise_date = promised_date + 9, promise_state = 'at_risk'"
                " WHERE id = %s",
                [order.id],
            )
            ids = order.id, partner.id, product.product_tmpl_id.id
        self.addCleanup(self._remove, days, *ids)
        with self._transaction() as first, self._transaction() as second:
            # Both have seen the order as it is before either of them acts.
            for env in (first, second):
                self.assertIn(ids[0], env["sale.order"]._find_due_delays().ids)
            first["sale.order"]._queue_due_delays()
            first.flush_all()
            second["sale.order"]._queue_due_delays()
            second.flush_all()
        with self._transaction() as env:
            rows = env["sale.order.status.history"].search(
                [("order_id", "=", ids[0]), ("mail_kind", "=", "delay")]
            )
            self.assertEqual(len(rows), 1)

    def _remove(self, days, order_id, partner_id, template_id):
        with self._transaction() as env:
            env["res.company"].browse(self.company.id).order_status_delay_days = days
            env.flush_all()
            env.cr.execute("DELETE FROM sale_order WHERE id = %s", [order_id])
            env.cr.execute(
                "DELETE FROM mail_message WHERE model = 'sale.order' AND res_id = %s", [order_id]
            )
            env.cr.execute("DELETE FROM res_partner WHERE id = %s", [partner_id])
            env.cr.execute("DELETE FROM product_template WHERE id = %s", [template_id])
