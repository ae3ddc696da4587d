"""Synthetic data for the benchmarks, made in plain Odoo before the addons come."""

from odoo import Command
from odoo.tools import SQL

CUSTOMERS = 1_000
OWN_ORDERS = 200
LOGIN = "bench"


def generate(env, orders):
    """Make customers, products and `orders` confirmed orders of two lines.

    Customer `bench`, a portal user with this password, has the newest 200 of them; they come
    from the ORM. The others are copies of one of these, made set-based.
    """
    # An addon switches pricelists on: plain Odoo must do the same work for a fair comparison.
    env["res.config.settings"].create({"group_product_pricelist": True}).execute()
    customer = (
        env["res.users"]
        .with_context(no_reset_password=True)
        .create(
            {
                "name": "Bench",
                "login": LOGIN,
                "password": LOGIN,
                "email": "bench@example.com",
                "group_ids": [Command.set(env.ref("base.group_portal").ids)],
            }
        )
    )
    products = env["product.product"].create(
        [{"name": f"Article {n}", "list_price": 10 + n, "type": "service"} for n in range(20)]
    )
    if not orders:
        return
    env["res.partner"].create(
        [{"name": f"Customer {n}", "email": f"c{n}@example.com"} for n in range(CUSTOMERS)]
    )
    lines = [Command.create({"product_id": product.id}) for product in products[:2]]
    values = {"partner_id": customer.partner_id.id, "order_line": lines}
    own = env["sale.order"].create([dict(values) for _order in range(min(OWN_ORDERS, orders))])
    own.action_confirm()
    env.flush_all()
    copy_orders(env, own[0], orders - len(own))


def copy_orders(env, order, count):
    """Copy an order `count` times for the customers in turn, each a minute older."""
    start = reserve_ids(env, order, count)
    partner_ids = tuple(env["res.partner"].search([("name", "like", "Customer ")]).ids)
    partner = SQL("(ARRAY[%s])[1 + n %% %s]", SQL(",").join(partner_ids), len(partner_ids))
    changed = {
        "id": SQL("%s + n", start),
        "name": SQL("'B' || lpad(n::text, 7, '0')"),
        "partner_id": partner,
        "partner_invoice_id": partner,
        "partner_shipping_id": partner,
        "date_order": SQL("date_order - n * interval '1 minute'"),
        "access_token": SQL("md5(random()::text)"),
    }
    insert_copies(env, order, changed, count)
    for line in order.order_line:
        copy_children(env, line, "order_id", start, count)


def reserve_ids(env, record, count):
    """Return the id before `count` free ones of the table of a record."""
    sequence = f"{record._table}_id_seq"
    env.cr.execute("SELECT nextval(%s)", [sequence])
    (start,) = env.cr.fetchone()
    env.cr.execute("SELECT setval(%s, %s)", [sequence, start + count])
    return start


def copy_children(env, record, parent, start, count, **changed):
    """Copy a record once for each of `count` copies of the record that it belongs to.

    :param str parent: the column with that record
    :param int start: of `reserve_ids` of the parents
    :return: the same of the copies
    """
    own = reserve_ids(env, record, count)
    changed = {"id": SQL("%s + n", own), parent: SQL("%s + n", start), **changed}
    insert_copies(env, record, changed, count)
    return own


def insert_copies(env, record, changed, count):
    """Copy a record by SQL: `n` is 1 to `count` in the expressions of changed columns."""
    env.cr.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_name = %s AND is_generated = 'NEVER'",
        [record._table],
    )
    columns = [name for (name,) in env.cr.fetchall()]
    values = [changed.get(name, SQL.identifier(name)) for name in columns]
    env.cr.execute(
        SQL(
            "INSERT INTO %s (%s) SELECT %s FROM %s, generate_series(1, %s) n WHERE id = %s",
            SQL.identifier(record._table),
            SQL(", ").join(map(SQL.identifier, columns)),
            SQL(", ").join(values),
            SQL.identifier(record._table),
            count,
            record.id,
        )
    )
