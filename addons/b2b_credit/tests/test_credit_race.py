from datetime import timedelta

from psycopg2.errors import SerializationFailure

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from odoo.addons.b2b_agreement.tests.common import SIGNATURE
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
class TestCheckoutsAtOneLimit(Race, TransactionCase):
    """Two colleagues order at the same moment, and the credit is enough for one of them."""

    def setUp(self):
        super().setUp()
        with self._transaction() as env:
            customer = env["res.partner"].create(
                {"name": "Credit race Ltd", "is_company": True, "credit_limit": 15}
            )
            users = (
                env["res.users"]
                .with_context(no_reset_password=True)
                .create(
                    [
                        {
                            "name": name,
                            "login": f"b2b_credit_race_{name}",
                            "group_ids": [(6, 0, env.ref("base.group_portal").ids)],
                        }
                        for name in ("piotr", "paul")
                    ]
                )
            )
            users.partner_id.parent_id = customer
            product = env["product.product"].create(
                {"name": "Race", "list_price": 10, "taxes_id": [(5,)]}
            )
            agreement = env["b2b.agreement"].create(
                {
                    "partner_id": customer.id,
                    "date_start": fields.Date.today() - timedelta(days=1),
                    "body": "<p>Terms</p>",
                    "state": "sent",
                }
            )
            agreement._sign("Racer", SIGNATURE, customer)
            self.policy = env.company.b2b_credit_policy
            self.users = users.ids
            self.ids = {
                "product.product": product.ids,
                "b2b.agreement": agreement.ids,
                "res.users": users.ids,
                "res.partner": (users.partner_id | customer).ids,
            }
        self.addCleanup(self._remove)

    def _remove(self):
        with self._transaction() as env:
            env.company.b2b_credit_policy = self.policy
            orders = env["sale.order"].search([("partner_id", "in", self.ids["res.partner"])])
            env["b2b.credit.check"].search([]).unlink()
            cr = env.cr
            cr.execute(
                "DELETE FROM sale_order_status_history WHERE order_id = ANY(%s)", [orders.ids]
            )
            cr.execute("DELETE FROM sale_order WHERE id = ANY(%s)", [orders.ids])
            cr.execute("DELETE FROM b2b_agreement WHERE id = ANY(%s)", [self.ids["b2b.agreement"]])
            env.invalidate_all()
            for model in ("product.product", "res.users", "res.partner"):
                env[model].browse(self.ids[model]).unlink()

    def _prepare(self, policy):
        with self._transaction() as env:
            env.company.b2b_credit_policy = policy
        for uid in self.users:
            with self._transaction(uid) as env:
                product = env["product.product"].sudo().browse(self.ids["product.product"])
                agreement = env.user.partner_id._get_b2b_agreement()
                cart = env["sale.order"]._get_b2b_cart(agreement, create=True)
                cart._add_b2b_lines([(product, 1, product.uom_id)])

    def _check_out(self, env):
        agreement = env.user.partner_id._get_b2b_agreement()
        cart = env["sale.order"]._get_b2b_cart(agreement)
        cart._lock_b2b_cart()
        cart._refresh_b2b_lines()
        cart._place_b2b_order({})
        env.flush_all()
        return cart

    def _place_at_once(self, uids):
        with self._transaction(uids[0]) as first, self._transaction(uids[1]) as second:
            told = []

            def check_out():
                try:
                    self._check_out(second)
                except UserError as error:
                    told.append(str(error))

            self._check_out(first)
            self._run_against(first, second, check_out)
        with self._transaction() as env:
            orders = env["sale.order"].search([("partner_id", "in", self.ids["res.partner"])])
            return told, sorted((one.b2b_qualifier, one.b2b_credit_hold) for one in orders)

    def test_one_is_refused(self):
        self._prepare("block")
        told, orders = self._place_at_once(self.users)
        self.assertEqual(len(told), 1)
        self.assertEqual(orders, [("cart", False), ("order", False)])

    def test_one_is_held(self):
        self._prepare("approval")
        told, orders = self._place_at_once(self.users)
        self.assertFalse(told)
        self.assertEqual(orders, [("order", False), ("order", True)])
