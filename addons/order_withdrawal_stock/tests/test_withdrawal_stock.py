from datetime import date

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import WithdrawalStockCommon


@tagged("post_install", "-at_install")
class TestWithdrawalStock(WithdrawalStockCommon):
    """The deadline after deliveries, transfers that ask, goods that come back."""

    def _deadline(self, order):
        self.env.invalidate_all()
        return order._get_withdrawal_deadline().last_day

    # === DEADLINE === #

    def test_none_while_goods_are_to_come(self):
        order = self._create_web_order()
        self.assertIsNone(self._deadline(order))
        self.assertTrue(order._is_withdrawal_offered())
        statement = self._enter(order)
        self.assertFalse(statement.deadline)
        self.assertFalse(statement.is_late)
        self.assertIn("still to come", statement.deadline_words)

    def test_after_the_delivery(self):
        with freeze_time("2026-11-02 10:00:00"):
            order = self._create_web_order()
        with freeze_time("2026-11-12 23:30:00"):
            self._ship(order.picking_ids)
        self.assertEqual(self._deadline(order), date(2026, 11, 27))

    def test_case_follows_the_delivery(self):
        """Whoever has the case open sees the day once goods have left."""
        with freeze_time("2026-11-02 10:00:00"):
            order = self._create_web_order()
            statement = self._enter(order)
            self.assertFalse(statement.deadline or statement.has_goods_out)
        with freeze_time("2026-11-12 10:00:00"):
            self._ship(order.picking_ids)
        self.assertEqual(statement.deadline, date(2026, 11, 26))
        self.assertTrue(statement.has_goods_out)

    def test_after_the_last_of_several_deliveries(self):
        with freeze_time("2026-11-02 10:00:00"):
            order = self._create_web_order()
        with freeze_time("2026-11-03 10:00:00"):
            self._ship(self._open_transfers(order), 4)
        self.assertIsNone(self._deadline(order), "the rest is to come")
        with freeze_time("2026-11-12 10:00:00"):
            self._ship(self._open_transfers(order))
        self.assertEqual(self._deadline(order), date(2026, 11, 26))

    def test_after_the_first_when_the_rest_is_given_up(self):
        with freeze_time("2026-11-03 10:00:00"):
            order = self._create_web_order()
            self._ship(self._open_transfers(order), 4, backorder=False)
        self.assertEqual(self._deadline(order), date(2026, 11, 17))

    def test_service_has_no_delivery(self):
        self.product.type = "service"
        with freeze_time("2026-11-12 10:00:00"):
            order = self._create_web_order()
        self.assertEqual(self._deadline(order), date(2026, 11, 26))

    def test_return_is_no_delivery(self):
        with freeze_time("2026-11-02 10:00:00"):
            order = self._create_web_order()
            self._ship(order.picking_ids)
        with freeze_time("2026-11-12 10:00:00"):
            statement = self._enter(order)
            statement.action_create_return()
            self._ship(statement.sudo().return_picking_ids)
        self.assertEqual(self._deadline(order), date(2026, 11, 16))

    # === HELD === #

    def test_validating_asks(self):
        order = self._create_web_order()
        self.assertFalse(order.picking_ids.is_held_by_withdrawal)
        self._enter(order)
        self.env.invalidate_all()
        picking = order.picking_ids.with_user(self.worker)
        self.assertTrue(picking.is_held_by_withdrawal)
        picking.move_ids.write({"quantity": 10, "picked": True})
        action = picking.button_validate()
        self.assertEqual(action["res_model"], "stock.withdrawal.hold")
        self.assertNotEqual(picking.state, "done")
        wizard = self.env[action["res_model"]].with_user(self.worker).browse(action["res_id"])
        self.assertEqual(wizard.held_picking_ids, picking)
        wizard.action_ship()
        self.assertEqual(picking.state, "done")

    def test_who_ships_nothing_is_not_told(self):
        order = self._create_web_order()
        self._enter(order)
        employee = new_test_user(self.env, "wd_no_worker", "base.group_user")
        with self.assertRaises(AccessError) as refused:
            order.picking_ids.with_user(employee).button_validate()
        self.assertNotIn("stock.withdrawal.hold", str(refused.exception))

    def test_other_orders_are_validated_as_ever(self):
        self._enter(self._create_web_order())
        other = self._create_web_order()
        other.picking_ids.move_ids.write({"quantity": 10, "picked": True})
        other.picking_ids.button_validate()
        self.assertEqual(other.picking_ids.state, "done")

    def test_declined_holds_nothing(self):
        order = self._create_web_order()
        self._enter(order).action_decline("No")
        self.env.invalidate_all()
        self.assertFalse(order.picking_ids.is_held_by_withdrawal)

    def test_unverified_holds_nothing(self):
        order = self._create_web_order()
        statements = self.env["sale.withdrawal"].sudo()
        receipt = statements._insert_once(
            {
                "company_id": order.company_id.id,
                "partner_name": "Stranger",
                "email": "stranger@example.com",
                "order_reference": order.name,
                "statement": "Words",
                "statement_hash": "0",
                "source": "form",
                "submission_key": False,
                "lang": "en_US",
                "tz": "UTC",
            }
        )
        statement = statements.browse(receipt.withdrawal_id)
        statement._acknowledge()
        statement._take_effect()
        self.assertEqual(statement.order_id, order)
        self.assertFalse(order.picking_ids.is_held_by_withdrawal)
        statement.action_match(order.id)
        self.env.invalidate_all()
        self.assertTrue(order.picking_ids.is_held_by_withdrawal)

    def test_accepting_cancels_order_and_transfers(self):
        order = self._create_web_order()
        statement = self._enter(order)
        statement.action_accept()
        self.assertEqual(order.state, "cancel")
        self.assertEqual(order.picking_ids.state, "cancel")
        self.assertEqual(statement.state, "accepted")

    def test_accepting_what_is_shipped_cancels_nothing(self):
        order = self._create_web_order()
        self._ship(order.picking_ids)
        self._enter(order).action_accept()
        self.assertEqual(order.state, "sale")

    # === RETURNS === #

    def test_return_of_the_whole_order(self):
        order = self._create_web_order()
        self._ship(order.picking_ids)
        statement = self._enter(order)
        action = statement.action_create_return()
        back = self.env["stock.picking"].browse(action["res_id"])
        self.assertEqual(back.move_ids.product_uom_qty, 10)
        self.assertEqual(back.return_id, order.picking_ids - back)
        self.assertEqual(statement.sudo().return_picking_ids, back)
        with self.assertRaisesRegex(UserError, "nothing to be returned"):
            statement.action_create_return()
        with self.assertRaises(UserError):
            self._enter(order).action_create_return()

    def test_return_of_a_part_from_several_transfers(self):
        order = self._create_web_order()
        self._ship(self._open_transfers(order), 4)
        self._ship(self._open_transfers(order))
        statement = self._enter(order, 8)
        statement.action_create_return()
        returns = statement.sudo().return_picking_ids
        self.assertEqual(sorted(returns.move_ids.mapped("product_uom_qty")), [2, 6])

    def test_return_again_when_the_first_was_cancelled(self):
        order = self._create_web_order()
        self._ship(order.picking_ids)
        statement = self._enter(order, 3)
        statement.action_create_return()
        statement.sudo().return_picking_ids.action_cancel()
        statement.action_create_return()
        self.assertEqual(len(statement.sudo().return_picking_ids), 2)

    def _return_by_hand(self, order, quantity):
        """Return a transfer back that names no statement, made in the warehouse."""
        picking = order.picking_ids.filtered(lambda one: not one.return_id)
        wizard = self.env["stock.return.picking"].create({"picking_id": picking.id})
        wizard.product_return_moves.quantity = quantity
        return wizard._create_return()

    def test_return_of_a_second_part(self):
        order = self._create_web_order()
        self._ship(order.picking_ids)
        first, second = self._enter(order, 2), self._enter(order, 3)
        self.assertEqual(self._returned(first), [2])
        self.assertEqual(self._returned(second), [3])
        for statement in (first, second):
            with self.assertRaisesRegex(UserError, "nothing to be returned"):
                statement.action_create_return()
        self.assertEqual(self._returned(self._enter(order)), [5], "no more than was shipped")

    def test_return_of_a_part_whose_rest_comes_later(self):
        """The rest of a return is a transfer that names no statement."""
        order = self._create_web_order()
        self._ship(order.picking_ids)
        first, second = self._enter(order, 2), self._enter(order, 3)
        first.action_create_return()
        self._ship(first.sudo().return_picking_ids, 1)
        with self.assertRaisesRegex(UserError, "nothing to be returned"):
            first.action_create_return()
        self.assertEqual(self._returned(second), [3])

    def test_return_by_hand_is_the_earlier_statements(self):
        order = self._create_web_order()
        self._ship(order.picking_ids)
        first, second = self._enter(order, 2), self._enter(order, 3)
        (first | second).action_accept()
        self._return_by_hand(order, 2)
        self.assertEqual(self._returned(second), [3])
        with self.assertRaisesRegex(UserError, "nothing to be returned"):
            first.action_create_return()

    def test_return_by_hand_counts_once(self):
        order = self._create_web_order()
        self._ship(order.picking_ids)
        first, second = self._enter(order, 2), self._enter(order, 3)
        self._return_by_hand(order, 2)
        self.assertEqual(self._returned(second), [1], "the other one may be a repeat")
        self.assertEqual(self._returned(first), [2])

    def test_return_of_what_was_not_shipped_is_refused(self):
        with self.assertRaisesRegex(UserError, "nothing to be returned"):
            self._enter(self._create_web_order()).action_create_return()

    def test_return_is_offered_while_there_are_goods_for_it(self):
        order = self._create_web_order()
        statement = self._enter(order)
        self.assertFalse(statement.can_return)
        self._ship(order.picking_ids)
        self.assertTrue(statement.can_return)
        statement.action_create_return()
        self.assertFalse(statement.can_return)
        statement.sudo().return_picking_ids.action_cancel()
        self.assertTrue(statement.can_return)

    def test_return_of_kits_has_all_components(self):
        statement = self._enter(self._create_order_of_kits())
        self.assertEqual(self._return_parts(statement), {"Leg": 8, "Seat": 2})
        with self.assertRaisesRegex(UserError, "nothing to be returned"):
            statement.action_create_return()

    def test_return_of_one_kit_after_the_other(self):
        order = self._create_order_of_kits()
        first, second = self._enter(order, 1), self._enter(order, 1)
        self.assertEqual(self._return_parts(first), {"Leg": 4, "Seat": 1})
        self._ship(first.sudo().return_picking_ids)
        self.assertEqual(order.order_line.qty_delivered, 1)
        with self.assertRaisesRegex(UserError, "nothing to be returned"):
            first.action_create_return()
        self.assertEqual(self._return_parts(second), {"Leg": 4, "Seat": 1})

    def test_return_of_a_kit_whose_components_are_not_in_step(self):
        """A seat came back by itself: one kit is left, and legs for two."""
        order = self._create_order_of_kits()
        line, picking = order.order_line, order.picking_ids
        seat = picking.move_ids.product_id.filtered(lambda product: product.name == "Seat")
        wizard = self.env["stock.return.picking"].create({"picking_id": picking.id})
        for returned in wizard.product_return_moves:
            returned.quantity = 1 if returned.product_id == seat else 0
        self._ship(wizard._create_return())
        self.patch(type(line), "_prepare_qty_delivered", lambda lines: dict.fromkeys(lines, 1))
        self.env.add_to_compute(line._fields["qty_delivered"], line)
        statement = self._enter(order, 1)
        line.product_uom_qty = 1
        self.assertEqual(self._return_parts(statement), {"Leg": 4})

    def test_return_of_a_kit_that_is_not_complete(self):
        order = self._create_order_of_kits()
        self.patch(
            type(order.order_line), "_prepare_qty_delivered", lambda lines: dict.fromkeys(lines, 0)
        )
        self.env.add_to_compute(order.order_line._fields["qty_delivered"], order.order_line)
        self.assertEqual(order.order_line.qty_delivered, 0)
        self.assertEqual(self._return_parts(self._enter(order, 1)), {"Leg": 4, "Seat": 1})

    def test_return_asks_for_the_rights_of_the_order(self):
        order = self._create_web_order()
        self._ship(order.picking_ids)
        statement = self._enter(order)
        seller = new_test_user(self.env, "wd_own2", "sales_team.group_sale_salesman")
        order.user_id = self.clerk
        for user in (seller, self.worker):
            with self.assertRaises(AccessError):
                statement.with_user(user).action_create_return()

    def test_returned_order_has_left_the_house(self):
        order = self._create_web_order()
        self._ship(order.picking_ids)
        statement = self._enter(order)
        statement.action_create_return()
        self._ship(statement.sudo().return_picking_ids)
        statement.action_accept()
        self.assertEqual(order.state, "sale")

    def test_part_is_entered_before_the_return_of_the_whole(self):
        order = self._create_web_order()
        self._ship(order.picking_ids)
        statement = self._enter(order)
        statement.action_create_return()
        with self.assertRaisesRegex(UserError, "answered already"):
            statement.action_enter_part({order.order_line.id: 1})
        statement.sudo().return_picking_ids.action_cancel()
        statement.action_enter_part({order.order_line.id: 1})
        self.assertEqual(self._returned(statement)[-1], 1)
