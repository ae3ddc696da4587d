from datetime import timedelta

from psycopg2.errors import SerializationFailure, UniqueViolation

from odoo import api, fields
from odoo.exceptions import ConcurrencyError, UserError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

from odoo.addons.b2b_agreement.tests.common import SIGNATURE


@tagged("post_install", "-at_install")
class TestShopRaces(BaseCase):
    """A double click is two transactions: real cursors, hence records that are removed again."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self.registry.cursor() as cr:
            env = api.Environment(cr, api.SUPERUSER_ID, {})
            customer = env["res.partner"].create({"name": "Shop race Ltd", "is_company": True})
            user = (
                env["res.users"]
                .with_context(no_reset_password=True)
                .create(
                    {
                        "name": "Racer",
                        "login": "b2b_shop_racer",
                        "group_ids": [(6, 0, env.ref("base.group_portal").ids)],
                    }
                )
            )
            user.partner_id.parent_id = customer
            product = env["product.product"].create({"name": "Race", "list_price": 10})
            agreement = env["b2b.agreement"].create(
                {
                    "partner_id": customer.id,
                    "date_start": fields.Date.today() - timedelta(days=1),
                    "body": "<p>Terms</p>",
                    "state": "sent",
                }
            )
            agreement._sign("Racer", SIGNATURE, customer)
            self.ids = {
                "res.users": user.ids,
                "res.partner": (user.partner_id | customer).ids,
                "product.product": product.ids,
                "b2b.agreement": agreement.ids,
            }
        self.addCleanup(self._remove)

    def _remove(self):
        """Take everything away again, past the guards that keep what is signed or ordered."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, api.SUPERUSER_ID, {})
            orders = env["sale.order"].search([("partner_id", "in", self.ids["res.partner"])])
            cr.execute(
                "DELETE FROM sale_order_status_history WHERE order_id = ANY(%s)", [orders.ids]
            )
            cr.execute("DELETE FROM sale_order WHERE id = ANY(%s)", [orders.ids])
            cr.execute("DELETE FROM b2b_agreement WHERE id = ANY(%s)", [self.ids["b2b.agreement"]])
            env.invalidate_all()
            env["product.product"].browse(self.ids["product.product"]).unlink()
            env["res.users"].browse(self.ids["res.users"]).unlink()
            env["res.partner"].browse(self.ids["res.partner"]).unlink()

    def _env(self, cr):
        return api.Environment(cr, self.ids["res.users"][0], {})

    def _cart(self, env, create=False):
        agreement = env.user.partner_id._get_b2b_agreement()
        return env["sale.order"]._get_b2b_cart(agreement, create=create)

    def _fill_cart(self):
        with self.registry.cursor() as cr:
            env = self._env(cr)
            product = env["product.product"].sudo().browse(self.ids["product.product"])
            self._cart(env, create=True)._add_b2b_lines([(product, 1, product.uom_id)])

    def test_double_click_makes_one_order(self):
        self._fill_cart()
        with self.registry.cursor() as first, self.registry.cursor() as second:
            late_cart = self._cart(self._env(second))
            self.assertTrue(late_cart.order_line)
            cart = self._cart(self._env(first))
            cart._lock_b2b_cart()
            cart._place_b2b_order({})
            first.commit()
            # Odoo's answer to this is to run the second request again, on fresh data.
            with mute_logger("odoo.sql_db"), self.assertRaises(SerializationFailure):
                late_cart._lock_b2b_cart()
            second.rollback()
            second_env = self._env(second)
            self.assertFalse(self._cart(second_env))
            orders = second_env["sale.order"].search([("b2b_qualifier", "=", "order")])
            self.assertEqual(len(orders), 1)

    def test_second_click_waits_and_says_so(self):
        self._fill_cart()
        with self.registry.cursor() as first, self.registry.cursor() as second:
            self._cart(self._env(first))._lock_b2b_cart()
            with self.assertRaises(UserError):
                self._cart(self._env(second))._lock_b2b_cart()

    def test_first_two_additions_make_one_cart(self):
        with self.registry.cursor() as first, self.registry.cursor() as second:
            self.assertFalse(self._cart(self._env(second)))
            self._cart(self._env(first), create=True)
            first.commit()
            with mute_logger("odoo.sql_db"), self.assertRaises(ConcurrencyError) as caught:
                self._cart(self._env(second), create=True)
            self.assertIsInstance(caught.exception.__cause__, UniqueViolation)
            second.rollback()
            self.assertTrue(self._cart(self._env(second)))
