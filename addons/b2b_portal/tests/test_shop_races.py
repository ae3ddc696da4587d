from datetime import timedelta

from psycopg2.errors import SerializationFailure, UniqueViolation

from odoo import fields
from odoo.exceptions import ConcurrencyError, UserError
from odoo.tests import BaseCase, tagged
from odoo.tools import mute_logger

from odoo.addons.b2b_agreement.tests.common import SIGNATURE
from odoo.addons.mail_delivery_retry.tests.common import Race


@tagged("post_install", "-at_install")
class TestShopRaces(Race, BaseCase):
    """A double click is two transactions: real cursors, hence records that are removed again."""

    def setUp(self):
        super().setUp()
        with self._transaction() as env:
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
        with self._transaction() as env:
            cr = env.cr
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

    def _buyer(self):
        return self._transaction(self.ids["res.users"][0])

    def _cart(self, env, create=False):
        agreement = env.user.partner_id._get_b2b_agreement()
        return env["sale.order"]._get_b2b_cart(agreement, create=create)

    def _fill_cart(self):
        with self._buyer() as env:
            product = env["product.product"].sudo().browse(self.ids["product.product"])
            self._cart(env, create=True)._add_b2b_lines([(product, 1, product.uom_id)])

    def test_double_click_makes_one_order(self):
        self._fill_cart()
        with self._buyer() as first, self._buyer() as second:
            late_cart = self._cart(second)
            self.assertTrue(late_cart.order_line)
            cart = self._cart(first)
            cart._lock_b2b_cart()
            cart._place_b2b_order({})
            first.cr.commit()
            # Odoo's answer to this is to run the second request again, on fresh data.
            with mute_logger("odoo.sql_db"), self.assertRaises(SerializationFailure):
                late_cart._lock_b2b_cart()
            second.cr.rollback()
            self.assertFalse(self._cart(second))
            orders = second["sale.order"].search([("b2b_qualifier", "=", "order")])
            self.assertEqual(len(orders), 1)

    def test_second_click_waits_and_says_so(self):
        self._fill_cart()
        with self._buyer() as first, self._buyer() as second:
            self._cart(first)._lock_b2b_cart()
            with self.assertRaises(UserError):
                self._cart(second)._lock_b2b_cart()

    def test_first_two_additions_make_one_cart(self):
        with self._buyer() as first, self._buyer() as second:
            self.assertFalse(self._cart(second))
            self._cart(first, create=True)
            first.cr.commit()
            with mute_logger("odoo.sql_db"), self.assertRaises(ConcurrencyError) as caught:
                self._cart(second, create=True)
            self.assertIsInstance(caught.exception.__cause__, UniqueViolation)
            second.cr.rollback()
            self.assertTrue(self._cart(second))
