from odoo.tools import SQL

from .bulk import get_assignments, without_foreign_keys, without_indexes
from .promise_install import PROMISE_VALUES, collect_promises, create_promise_columns


def pre_init_hook(env):
    """Create the columns that Odoo would compute order by order: on a large archive, minutes."""
    # A default that is there when the column comes costs no rewrite of the table.
    env.cr.execute(
        """
        ALTER TABLE sale_order ADD COLUMN IF NOT EXISTS document_type varchar DEFAULT 'sale';
        ALTER TABLE sale_order ALTER COLUMN document_type DROP DEFAULT;
        """
    )
    _create_was_placed(env.cr)
    create_promise_columns(env.cr)


def _create_was_placed(cr):
    """Create the column with what is true of most orders; `mark_placed_orders` sees to the rest."""
    cr.execute(
        "SELECT count(*) FILTER (WHERE state IN ('sale', 'cancel')) * 2 > count(*) FROM sale_order"
    )
    (most,) = cr.fetchone()
    cr.execute(
        SQL(
            """
            ALTER TABLE sale_order ADD COLUMN IF NOT EXISTS was_placed boolean DEFAULT %s;
            ALTER TABLE sale_order ALTER COLUMN was_placed DROP DEFAULT;
            """,
            most,
        )
    )


def post_init_hook(env):
    """Give the orders that are there a status and a promise, and nobody a mail."""
    assign_install_statuses(env)


def uninstall_hook(env):
    """Take statuses and flags off the orders, and our activity types off the activities.

    Orders and history hold on to the codebooks; Odoo would delete those first, fail, log
    errors and try again. So do activities that are done: Odoo moves the open ones only.

    :param env: environment of the removal (superuser)
    """
    env.cr.execute("DELETE FROM sale_order_status_history")
    env.cr.execute(
        """
        UPDATE sale_order
           SET order_status_id = NULL, customer_status_id = NULL, order_flag_id = NULL
         WHERE order_status_id IS NOT NULL
            OR customer_status_id IS NOT NULL
            OR order_flag_id IS NOT NULL
        """
    )
    # Flags of users hold on to statuses, too.
    env.cr.execute("UPDATE sale_order_flag SET status_id = NULL")
    _move_activities(env)
    # Rights that an administrator gave to our group hold on to it, whichever model they are for.
    managers = env.ref("order_status_flags.group_status_manager", raise_if_not_found=False)
    if managers:
        env["ir.model.access"].search([("group_id", "=", managers.id)]).unlink()
    env.invalidate_all()


def _move_activities(env):
    """Make done activities of our types to-dos, as Odoo does with open ones."""
    activity_types = env["ir.model.data"].search(
        [("module", "=", "order_status_flags"), ("model", "=", "mail.activity.type")]
    )
    env["mail.activity"].with_context(active_test=False).search(
        [("activity_type_id", "in", activity_types.mapped("res_id"))]
    ).activity_type_id = env.ref("mail.mail_activity_data_todo")


def assign_install_statuses(env, later_type=None):
    """Give every placed order without a history its status, promise and tokens, set-based.

    Cancelled orders get the status of ``order_cancelled``, those invoiced in full that of
    ``invoice_posted``, the others that of ``order_confirmed`` or ``order_placed``;
    quotations none. Orders that have a history are left alone.

    :param str later_type: for an addon that brings a document type: only orders of that
        type. By then it is known which of the cancelled ones were ever placed
    """
    env.flush_all()
    mark_placed_orders(env, later_type)
    count = _collect_statuses(env, later_type)
    collect_promises(env, SQL("SELECT * FROM install_status"))
    _write_install_values(env.cr, count)
    env.cr.execute("DROP TABLE install_status, install_promise")
    env.invalidate_all()


def _collect_statuses(env, document_type):
    """Keep in the temporary table ``install_status`` which orders get which status.

    :return: how many orders get their tokens, and most of them a status
    """
    env.cr.execute(
        """
        CREATE TEMPORARY TABLE install_status (
            order_id integer, status_id integer, since timestamp
        ) ON COMMIT DROP
        """
    )
    env.cr.execute(
        """
        SELECT DISTINCT company_id, document_type FROM sale_order
         WHERE was_placed AND (%(type)s IS NULL OR document_type = %(type)s)
        """,
        {"type": document_type},
    )
    kinds = [
        (company_id, kind, *_get_statuses(env, env["res.company"].browse(company_id), kind))
        for company_id, kind in env.cr.fetchall()
    ]
    env.cr.execute(_insert_statuses(kinds))
    count = env.cr.rowcount
    env.cr.execute("ANALYZE install_status")
    return count


def _write_install_values(cr, count):
    """Write down what was collected, each order once.

    What a transaction has written once, PostgreSQL checks as a whole when it is written again: a
    second update of the same orders takes five times as long as the first.

    :param int count: of the orders
    """
    values = {
        "order_status_id": SQL("target.status_id"),
        "order_status_date": SQL("target.since"),
        "customer_status_id": SQL("CASE WHEN status.is_public THEN status.id END"),
        "order_tracking_token": SQL("COALESCE(so.order_tracking_token, %s)", _token("tracking")),
        "access_token": SQL(
            "COALESCE(so.access_token, left(%s, 32)::uuid::text)", _token("access")
        ),
        **PROMISE_VALUES,
    }
    with (
        without_indexes(cr, "sale_order", count, values),
        without_foreign_keys(cr, "sale_order", values, count),
    ):
        cr.execute(
            SQL(
                """
                WITH secret AS MATERIALIZED (
                    SELECT gen_random_uuid()::text || gen_random_uuid()::text AS value
                )
                UPDATE sale_order so
                   SET %s
                  FROM secret
            CROSS JOIN install_status target
             LEFT JOIN sale_order_status status ON status.id = target.status_id
             LEFT JOIN install_promise promise ON promise.id = target.order_id
                 WHERE so.id = target.order_id
                """,
                get_assignments(values),
            )
        )
    history = "sale_order_status_history"
    with without_indexes(cr, history, count), without_foreign_keys(cr, history, None, count):
        cr.execute(
            """
            INSERT INTO sale_order_status_history
                   (order_id, status_id, date, source, mail_state, duration, is_forced, user_id)
            SELECT order_id, status_id, now() at time zone 'UTC', 'install', 'none', 0, false, 1
              FROM install_status
             WHERE status_id IS NOT NULL
          ORDER BY order_id
            """
        )


def mark_placed_orders(env, document_type=None):
    """Set ``was_placed`` by the rule in Python, asked once for each kind of order that is there.

    Nobody knows any more which of the cancelled orders were placed: without a type, for the
    first installation, they count as placed.

    :param str document_type: only orders of this type; cancelled ones are then left as they are
    """
    env.cr.execute(
        """
        SELECT DISTINCT state, document_type FROM sale_order
         WHERE %(type)s IS NULL OR document_type = %(type)s AND state != 'cancel'
        """,
        {"type": document_type},
    )
    for state, kind in env.cr.fetchall():
        sample = env["sale.order"].new(
            {"state": state, "document_type": kind, "was_placed": state == "cancel"}
        )
        env.cr.execute(
            "UPDATE sale_order SET was_placed = %(placed)s WHERE state = %(state)s"
            " AND document_type = %(type)s AND COALESCE(was_placed, false) != %(placed)s",
            {"placed": sample._is_order_placed(), "state": state, "type": kind},
        )


def _get_statuses(env, company, document_type):
    """Return the ids of the statuses of cancelled, invoiced and other placed orders, or None."""
    statuses = env["sale.order.status"]

    def status_of(*codes):
        found = (statuses._get_for_event(code, document_type, company) for code in codes)
        return next((status.id for status in found if status), None)

    cancelled = status_of("order_cancelled")
    if document_type == "sale" and not company.order_status_on_sales_orders:
        return cancelled, None, None
    return cancelled, status_of("invoice_posted"), status_of("order_confirmed", "order_placed")


def _insert_statuses(kinds):
    """SQL that collects the statuses of placed orders, for all kinds of orders at once.

    What is invoiced in full is found once, whatever the number of companies, and not at all when
    there is no order to ask for.

    :param list kinds: `(company, document type, cancelled, invoiced, placed)`, statuses by id
    """
    columns = map(list, zip(*kinds, strict=True)) if kinds else [[]] * 5
    companies, types, cancelled, invoiced, placed = columns
    return SQL(
        """
        INSERT INTO install_status (order_id, status_id, since)
        WITH posted AS MATERIALIZED (%(posted)s),
        invoiced AS MATERIALIZED (%(invoiced_orders)s)
        SELECT so.id,
               CASE WHEN so.state = 'cancel' THEN kind.cancelled
                    WHEN kind.invoiced IS NOT NULL AND so.state = 'sale'
                         AND so.id IN (SELECT order_id FROM invoiced) THEN kind.invoiced
                    ELSE kind.placed
               END,
               COALESCE(so.date_order, so.create_date)
          FROM sale_order so
          JOIN unnest(%(companies)s::int[], %(types)s::varchar[], %(cancelled)s::int[],
                      %(invoiced)s::int[], %(placed)s::int[])
               AS kind (company_id, document_type, cancelled, invoiced, placed)
            ON kind.company_id = so.company_id AND kind.document_type = so.document_type
         WHERE so.order_status_id IS NULL
           AND so.was_placed
           AND NOT EXISTS (
               SELECT 1 FROM sale_order_status_history row WHERE row.order_id = so.id)
        """,
        companies=companies,
        types=types,
        cancelled=cancelled,
        invoiced=invoiced,
        placed=placed,
        posted=_select_posted_quantities(),
        invoiced_orders=_select_invoiced_orders(),
    )


def _token(purpose):
    """SQL for an unguessable token of an order: a hash of its id and a secret, in hex.

    The secret is one of the statement: it is made by PostgreSQL, which forgets it, and is in no
    log. To ask for randomness in each row takes longer than all else of the update.
    """
    return SQL("encode(sha256(convert_to(secret.value || %s || so.id, 'UTF8')), 'hex')", purpose)


def _select_invoiced_orders():
    """SQL twin of ``sale.order._is_invoiced_in_full``, on ``posted`` (see below).

    Quantities are compared in the product's reference unit, to 1e-6.
    """
    return SQL(
        """
        SELECT line.order_id
          FROM sale_order_line line
          JOIN uom_uom uom ON uom.id = line.product_uom_id
          JOIN product_product product ON product.id = line.product_id
          JOIN product_template template ON template.id = product.product_tmpl_id
     LEFT JOIN posted ON posted.line_id = line.id
         WHERE line.order_id IN (
               SELECT billed.order_id
                 FROM posted JOIN sale_order_line billed ON billed.id = posted.line_id)
           AND line.display_type IS NULL
           AND NOT COALESCE(line.is_downpayment, false)
           AND template.type != 'combo'
           AND abs(line.product_uom_qty * uom.factor) > 1e-6
      GROUP BY line.order_id
        HAVING bool_and(
               abs(COALESCE(posted.quantity, 0)) >= abs(line.product_uom_qty * uom.factor) - 1e-6
               )
        """
    )


def _select_posted_quantities():
    """SQL for what posted customer invoices and receipts hold of each order line.

    Here those count, too, that were credited as a whole since: what an order was, it stays.
    """
    return SQL(
        """
        SELECT rel.order_line_id AS line_id, SUM(aml.quantity * uom.factor) AS quantity
          FROM sale_order_line_invoice_rel rel
          JOIN account_move_line aml ON aml.id = rel.invoice_line_id
          JOIN uom_uom uom ON uom.id = aml.product_uom_id
         WHERE aml.parent_state = 'posted'
           AND aml.move_id IN (
               SELECT id FROM account_move WHERE move_type IN ('out_invoice', 'out_receipt'))
      GROUP BY rel.order_line_id
        """
    )
