from psycopg2.errors import SerializationFailure, UniqueViolation

from odoo.exceptions import ConcurrencyError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .races import ShopRaceCommon


@tagged("post_install", "-at_install")
class TestShopRaces(ShopRaceCommon):
    """A double click is two transactions."""

    def _buyer(self):
        return self._transaction(self.users["racer"])

    def test_double_click_makes_one_order(self):
        self._fill_cart("racer")
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
        self._fill_cart("racer")
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
