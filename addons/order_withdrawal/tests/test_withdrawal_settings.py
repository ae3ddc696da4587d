from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import CheckViolation

from odoo import fields
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..hooks import uninstall_hook
from .common import WithdrawalCommon


@tagged("post_install", "-at_install")
class TestWithdrawalSettings(WithdrawalCommon):
    @mute_logger("odoo.sql_db")
    def test_periods_stay_within_the_calendar(self):
        for name in ("withdrawal_days", "withdrawal_retention_months"):
            for value in (-1, 2**31 - 1):
                with self.assertRaises(CheckViolation), self.cr.savepoint():
                    self.company[name] = value
                    self.env.flush_all()

    def test_defaults(self):
        company = self.env["res.company"].create({"name": "WD defaults"})
        self.assertFalse(company.withdrawal_enabled)
        self.assertEqual(company.withdrawal_days, 14)
        self.assertEqual(company.withdrawal_companies, "pl")
        self.assertFalse(company.withdrawal_on_sales_orders)
        self.assertEqual(company.withdrawal_retention_months, 36)

    def test_settings_open(self):
        form = Form(self.env["res.config.settings"])
        form.withdrawal_enabled = True
        form.save()

    def _findings(self):
        settings = self.env["res.config.settings"].create({})
        action = settings.action_check_withdrawal()
        check = self.env[action["res_model"]].browse(action["res_id"])
        return check, {line.subject: line.is_fine for line in check.line_ids}

    def test_check_tells_what_is_missing(self):
        self.env["resource.calendar.leaves"].search([]).unlink()
        self.env["ir.mail_server"].search([]).active = False
        self.company.write({"withdrawal_enabled": False, "withdrawal_days": 7, "street": False})
        check, found = self._findings()
        self.assertFalse(check.is_fine)
        for subject in (
            "The function is switched on",
            "The period has at least 14 days",
            "A mail server sends the acknowledgements",
            "Customers know where to send goods back",
            "Public holidays are known",
        ):
            self.assertFalse(found[subject], subject)
        self.company.write({"withdrawal_enabled": True, "withdrawal_days": 14})
        now = fields.Datetime.now()
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "calendar_id": self.company.resource_calendar_id.id,
                "company_id": self.company.id,
                "date_from": now + timedelta(days=20),
                "date_to": now + timedelta(days=20, hours=20),
            }
        )
        _check, found = self._findings()
        for subject in ("The function is switched on", "Public holidays are known"):
            self.assertTrue(found[subject], subject)

    def test_check_finds_products_that_look_like_exceptions(self):
        self.env["product.template"].search([]).write({"sale_ok": False})
        self.product.write({"sale_ok": True, "type": "service"})
        subject = "Products that look like exceptions say so"
        self.assertFalse(self._findings()[1][subject])
        self.product.withdrawal_exception = "dated_service"
        check, found = self._findings()
        self.assertTrue(found[subject])
        self.assertIn("16(l)", check.exception_text)

    def test_check_has_words_for_the_terms(self):
        check, _found = self._findings()
        self.assertIn("/withdraw", check.instruction_text)
        self.assertIn("Withdraw from contract here", check.instruction_text)
        self.assertIn("hereby give notice", check.model_form_text)

    # === REMOVAL === #

    def test_uninstall_leaves_no_activity_that_holds_its_type(self):
        self._enter(self.order)
        other = self._create_web_order()
        self._enter(other)
        names = ("withdrawal", "unmatched", "goes_on")
        types = [self.env.ref(f"order_withdrawal.mail_activity_type_{name}") for name in names]
        other.activity_ids.action_done()
        uninstall_hook(self.env)
        activities = self.env["mail.activity"].with_context(active_test=False)
        of_ours = [("activity_type_id", "in", [kind.id for kind in types])]
        self.assertFalse(activities.search_count(of_ours))
        self.assertEqual(self.order.state, "sale")

    # === RETENTION === #

    def test_old_statements_are_anonymised(self):
        statement = self._enter(self.order, reason="My sister is ill")
        kept = self._enter(self.order, reason="Kept")
        old = fields.Datetime.subtract(fields.Datetime.now(), months=36, days=1)
        self.env.cr.execute(
            "UPDATE sale_withdrawal SET received_at = %s WHERE id = %s", [old, statement.id]
        )
        statement.message_post(body="Anna called")
        self.env.invalidate_all()
        fingerprint = statement.statement_hash
        with self.enter_registry_test_mode():
            self.env.ref("order_withdrawal.ir_cron_withdrawal_retention").method_direct_trigger()
        self.env.invalidate_all()
        self.assertTrue(statement.is_anonymised)
        self.assertFalse(statement.email or statement.reason or statement.mail_ids.email)
        self.assertNotIn(self.customer.name, f"{statement.statement} {statement.partner_name}")
        self.assertNotIn("Anna called", "".join(map(str, statement.message_ids.mapped("body"))))
        self.assertEqual(statement.statement_hash, fingerprint)
        self.assertEqual(statement.order_id, self.order)
        self.assertEqual(kept.reason, "Kept")

    def test_flood_of_old_statements_is_anonymised_in_one_night(self):
        old = self.env["sale.withdrawal"]
        for number in range(5):
            old |= self._enter(partner_name=f"Old {number}")
        self.env.cr.execute(
            "UPDATE sale_withdrawal SET received_at = '2000-01-01' WHERE id IN %s", [old._ids]
        )
        self.env.invalidate_all()
        cron = type(self.env["ir.cron"])
        with patch.object(cron, "_commit_progress", return_value=60) as committed:
            self.env["sale.withdrawal"]._cron_anonymise(limit=2)
        self.assertEqual(set(old.mapped("is_anonymised")), {True})
        self.assertGreaterEqual(committed.call_count, 3)

    def test_no_time_left_ends_the_night(self):
        old = self._enter(partner_name="Old 1") | self._enter(partner_name="Old 2")
        self.env.cr.execute(
            "UPDATE sale_withdrawal SET received_at = '2000-01-01' WHERE id IN %s", [old._ids]
        )
        self.env.invalidate_all()
        with patch.object(type(self.env["ir.cron"]), "_commit_progress", return_value=0):
            self.env["sale.withdrawal"]._cron_anonymise(limit=1)
        self.assertEqual(sorted(old.mapped("is_anonymised")), [False, True])

    def test_never_is_never(self):
        self.company.withdrawal_retention_months = 0
        statement = self._enter(self.order, reason="Kept")
        self.env.cr.execute(
            "UPDATE sale_withdrawal SET received_at = '2000-01-01' WHERE id = %s", [statement.id]
        )
        self.env.invalidate_all()
        self.env["sale.withdrawal"]._cron_anonymise()
        self.assertEqual(statement.reason, "Kept")
