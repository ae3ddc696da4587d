from psycopg2.errors import SerializationFailure

from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from odoo.addons.mail_delivery_retry.tests.common import Race


@tagged("post_install", "-at_install")
class TestCreditRace(Race, TransactionCase):
    def setUp(self):
        super().setUp()
        with self._transaction() as env:
            self.partner_id = env["res.partner"].create({"name": "Racer", "is_company": True}).id
        self.addCleanup(self._remove)

    def _remove(self):
        with self._transaction() as env:
            env["b2b.credit.check"].search([("partner_id", "=", self.partner_id)]).unlink()
            env["res.partner"].browse(self.partner_id).unlink()

    def _take(self, env):
        partner = env["res.partner"].browse(self.partner_id)
        env["b2b.credit.check"]._take_turn(partner, env.company)

    def test_second_checkout_is_run_again(self):
        """Also at the very first one, when there is no row yet."""
        for _again in range(2):
            with self._transaction() as first, self._transaction() as second:
                # what it saw when it began is what it would check against
                second["res.partner"].browse(self.partner_id).mapped("name")
                self._take(first)
                first.cr.commit()
                with mute_logger("odoo.sql_db"), self.assertRaises(SerializationFailure):
                    self._take(second)
                second.cr.rollback()

    def test_second_checkout_waits(self):
        with self._transaction() as first, self._transaction() as second:
            self._take(first)
            self._run_against(first, second, lambda: self._take(second))
            check = second["b2b.credit.check"].search([("partner_id", "=", self.partner_id)])
            self.assertEqual(check.count, 2)
