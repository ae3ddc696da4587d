"""Promises: what becomes of them when a receipt moves."""

import gc
import time
from datetime import timedelta

from data import LOGIN, copy_children, insert_copies, reserve_ids
from measure import scenario

from odoo import Command, fields
from odoo.tools import SQL

FULL = "bench_full"
ORDERS = 10_000
UNTIL = 30


def make_waiting_orders(env):
    """Make 10,000 orders of two articles whose deliveries wait for one receipt.

    The first comes from the ORM, the others are copies of it.

    :return: the orders and the receipt
    """
    products = env["product.product"].create(
        [
            {"name": f"Waited for {number}", "type": "consu", "is_storable": True}
            for number in range(2)
        ]
    )
    lines = [
        Command.create({"product_id": product.id, "customer_lead": 10}) for product in products
    ]
    customer = env["res.users"].search([("login", "=", LOGIN)]).partner_id
    order = env["sale.order"].create({"partner_id": customer.id, "order_line": lines})
    order.action_confirm()
    warehouse = order.warehouse_id
    supplier = env.ref("stock.stock_location_suppliers")
    receipt = env["stock.picking"].create(
        {
            "picking_type_id": warehouse.in_type_id.id,
            "location_id": supplier.id,
            "location_dest_id": warehouse.lot_stock_id.id,
            "move_ids": [
                Command.create(
                    {
                        "product_id": product.id,
                        "product_uom_qty": ORDERS,
                        "location_id": supplier.id,
                        "location_dest_id": warehouse.lot_stock_id.id,
                    }
                )
                for product in products
            ],
        }
    )
    receipt.action_confirm()
    for received, move in zip(receipt.move_ids, order.order_line.move_ids, strict=True):
        assert received.product_id == move.product_id
        move.move_orig_ids = received
    env.flush_all()
    start = copy_order(env, order, ORDERS - 1)
    env.cr.execute("ANALYZE sale_order, sale_order_line, stock_move, stock_picking")
    env.cr.execute("ANALYZE stock_move_move_rel")
    orders = env["sale.order"].browse([order.id, *range(start + 1, start + ORDERS)])
    return orders, receipt


def copy_order(env, order, count):
    """Copy an order with its delivery; return what `reserve_ids` says of the orders."""
    start = reserve_ids(env, order, count)
    changed = {
        "id": SQL("%s + n", start),
        "name": SQL("'W' || n"),
        "access_token": SQL("md5(random()::text)"),
        "order_tracking_token": SQL("md5(random()::text)"),
    }
    insert_copies(env, order, changed, count)
    picking = order.picking_ids
    pickings = copy_children(env, picking, "sale_id", start, count, name=SQL("'W/' || n"))
    for line in order.order_line:
        lines = copy_children(env, line, "order_id", start, count)
        (move,) = line.move_ids
        moves = copy_children(
            env, move, "sale_line_id", lines, count, picking_id=SQL("%s + n", pickings)
        )
        env.cr.execute(
            "INSERT INTO stock_move_move_rel (move_orig_id, move_dest_id)"
            " SELECT %s, %s + n FROM generate_series(1, %s) n",
            [move.move_orig_ids.id, moves, count],
        )
    return start


@scenario
def promise_receipt(bench):
    """A receipt moves that 10,000 orders wait for: promises, against core's own dates.

    Core computes when each waiting transfer is to be expected. What the promises take is the
    difference of the whole and of that alone.
    """
    with bench.transaction(FULL) as env:
        orders, receipt = make_waiting_orders(env)
        day = fields.Datetime.now() + timedelta(days=UNTIL)
        names = ("promise_date", "promise_state", "promise_fulfilled_on", "promise_sequence")
        promise = [orders._fields[name] for name in names]
        queries = {}

        def timed(name, act):
            env.flush_all()
            env.invalidate_all()
            gc.collect()
            before, started = env.cr.sql_log_count, time.perf_counter()
            act()
            env.flush_all()
            seconds = time.perf_counter() - started
            queries[name] = env.cr.sql_log_count - before
            return seconds

        def move():
            nonlocal day
            day += timedelta(days=1)
            receipt.scheduled_date = day

        def move_alone():
            with env.protecting(promise, orders):
                move()
                env.flush_all()

        def own():
            seconds = timed("promises", move)
            assert set(orders.mapped("promise_state")) == {"at_risk"}
            assert set(orders.mapped("promise_date")) == {day.date()}
            return seconds

        whole = bench.alternate(lambda: timed("receipt", move_alone), own)
        bench.report("ratio", [ratio - 1 for ratio in whole], queries=queries)

        # For who looks at it: the field of orders that Odoo computes at every look, and writes
        # nowhere.
        def expected():
            return timed("expected dates", lambda: orders.mapped("expected_date"))

        few = [own() / expected() for _pair in range(5)]
        bench.report("whole_to_expected_date", few, queries=queries)
        env.cr.precommit.clear()
