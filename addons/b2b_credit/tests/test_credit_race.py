from psycopg2.errors import SerializationFailure

from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from odoo.addons.b2b_portal.tests.races import ShopRaceCommon
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


@tagged("post_install", "-at_install")
class TestCheckoutsAtOneLimit(ShopRaceCommon):
    """Two colleagues order at the same moment, and the credit is enough for one of them."""

    NAMES = ("piotr", "paul")

    def _create_records(self, env):
        ids = super()._create_records(env)
        env["res.users"].browse(ids["res.users"]).partner_id.parent_id.credit_limit = 15
        self.policy = env.company.b2b_credit_policy
        return ids

    def _remove_what_keeps(self, orders):
        orders.env.company.b2b_credit_policy = self.policy
        orders.env["b2b.credit.check"].search([]).unlink()

    def _prepare(self, policy):
        with self._transaction() as env:
            env.company.b2b_credit_policy = policy
        for name in self.NAMES:
            self._fill_cart(name)

    def _place_at_once(self):
        piotr, paul = (self._transaction(uid) for uid in self.users.values())
        with piotr as first, paul as second:
            self._check_out(first)
            told = self._refused_against(first, second, lambda: self._check_out(second))
        with self._transaction() as env:
            orders = env["sale.order"].search([("partner_id", "in", self.ids["res.partner"])])
            return told, sorted((one.b2b_qualifier, one.b2b_credit_hold) for one in orders)

    def test_one_is_refused(self):
        self._prepare("block")
        told, orders = self._place_at_once()
        self.assertEqual(len(told), 1)
        self.assertEqual(orders, [("cart", False), ("order", False)])

    def test_one_is_held(self):
        self._prepare("approval")
        told, orders = self._place_at_once()
        self.assertFalse(told)
        self.assertEqual(orders, [("order", False), ("order", True)])
