"""What an installation or an upgrade gives to orders that are there: their promises, in bulk."""

from datetime import date

from odoo import fields
from odoo.tools import SQL
from odoo.tools.sql import column_exists

from .bulk import get_assignments, without_indexes
from .promise import day_of

# Of deliveries, where no addon knows of any: see `assign_promises`.
NO_DELIVERIES = SQL(
    "SELECT NULL::int AS order_id, NULL::timestamp AS planned, NULL::timestamp AS done,"
    " false AS is_open WHERE false"
)

# What is written of a row of `install_promise`; without one, there is no promise.
PROMISE_VALUES = {
    "promised_date": SQL("promise.first"),
    "promise_date": SQL("promise.present"),
    "promise_fulfilled_on": SQL("promise.fulfilled"),
    "promise_told": SQL("promise.is_told"),
    "promise_state": SQL("COALESCE(promise.state, 'none')"),
}
PLACED = SQL(
    "SELECT id AS order_id, order_status_id AS status_id, order_status_date AS since"
    " FROM sale_order WHERE was_placed"
)


def create_promise_columns(cr):
    """Create the columns that Odoo would compute order by order: on a large archive, minutes."""
    # A default that is there when the column comes costs no rewrite of the table.
    cr.execute(
        """
        ALTER TABLE sale_order
            ADD COLUMN IF NOT EXISTS promised_date date,
            ADD COLUMN IF NOT EXISTS promise_moved_date date,
            ADD COLUMN IF NOT EXISTS promise_date date,
            ADD COLUMN IF NOT EXISTS promise_fulfilled_on date,
            ADD COLUMN IF NOT EXISTS promise_told boolean,
            ADD COLUMN IF NOT EXISTS promise_sequence integer DEFAULT 0,
            ADD COLUMN IF NOT EXISTS promise_state varchar DEFAULT 'none';
        ALTER TABLE sale_order
            ALTER COLUMN promise_sequence DROP DEFAULT,
            ALTER COLUMN promise_state DROP DEFAULT;
        """
    )


def assign_promises(env, deliveries=None):
    """Give every placed order its promise, set-based, and without any mail.

    The first promise is the requested date, else that of the line with the longest lead time, as
    it would have been when the order was placed; one that is there stays. What is late already is
    not mailed any more.

    :param SQL deliveries: of an addon that knows of deliveries, with ``order_id``, ``planned`` and
        ``done`` (timestamps, UTC) and ``is_open``: only its orders are looked at
    """
    env.flush_all()
    # Apart from the update: only then is it known how many orders have a promise.
    with_delivery = SQL("%s AND id IN (SELECT order_id FROM delivery)", PLACED)
    count = collect_promises(env, with_delivery if deliveries else PLACED, deliveries)
    with without_indexes(env.cr, "sale_order", count, PROMISE_VALUES):
        env.cr.execute(
            SQL(
                "UPDATE sale_order so SET %s FROM install_promise promise WHERE promise.id = so.id",
                get_assignments(PROMISE_VALUES),
            )
        )
    env.cr.execute("DROP TABLE install_promise")
    env.invalidate_all()


def collect_promises(env, placed, deliveries=None):
    """Keep in the temporary table ``install_promise`` which orders promise what.

    :param SQL placed: the placed orders that are meant, with ``order_id``, their ``status_id`` and
        ``since``, when it was set
    :param SQL deliveries: see `assign_promises`
    :return: how many orders have a promise
    """
    env.cr.execute(
        """
        CREATE TEMPORARY TABLE install_promise (
            id integer PRIMARY KEY, first date, present date, fulfilled date, state varchar,
            is_told boolean
        ) ON COMMIT DROP
        """
    )
    count = 0
    companies = env["res.company"].with_context(active_test=False).search([])
    for zone, some in companies.grouped(lambda one: one.partner_id.tz or "UTC").items():
        env.cr.execute(_insert_promises(env, zone, some, placed, deliveries))
        count += env.cr.rowcount
    env.cr.execute("ANALYZE install_promise")
    return count


def _insert_promises(env, zone, companies, placed, deliveries):
    """SQL that adds the promises of the orders of companies in one time zone."""
    return SQL(
        """
        INSERT INTO install_promise (id, first, present, fulfilled, state, is_told)
        WITH delivery AS MATERIALIZED (%(deliveries)s),
        placed AS MATERIALIZED (%(placed)s),
        lead AS MATERIALIZED (%(leads)s),
        known AS MATERIALIZED (
            SELECT so.id,
                   so.state = 'cancel' OR status.category = 'rejected' AS is_void,
                   so.state = 'sent' AND delivery.order_id IS NULL AS waits,
                   COALESCE(so.promised_date, %(first)s) AS first,
                   GREATEST(%(requested)s, %(planned)s) AS planned,
                   CASE WHEN delivery.order_id IS NOT NULL
                        THEN CASE WHEN NOT delivery.is_open THEN %(done)s END
                        WHEN status.category = 'done' THEN %(status_day)s
                   END AS fulfilled
              FROM placed
              JOIN sale_order so ON so.id = placed.order_id
         LEFT JOIN sale_order_status status ON status.id = placed.status_id
         LEFT JOIN lead ON lead.order_id = so.id
         LEFT JOIN delivery ON delivery.order_id = so.id
             WHERE so.company_id IN %(companies)s
        ), dated AS (
            SELECT *, COALESCE(planned, first) AS present FROM known WHERE first IS NOT NULL
        )
        SELECT id, first, present, fulfilled,
               CASE WHEN is_void IS TRUE THEN 'none'
                    WHEN fulfilled <= first THEN 'kept'
                    WHEN fulfilled > first THEN 'broken'
                    WHEN waits THEN 'none'
                    WHEN present < %(today)s THEN 'late'
                    WHEN present > first THEN 'at_risk'
                    ELSE 'on_time' END,
               fulfilled IS NULL AND (present < %(today)s OR present > first)
          FROM dated
        """,
        placed=placed,
        deliveries=deliveries or NO_DELIVERIES,
        leads=_select_longest_leads(env),
        first=_day(
            SQL(
                "COALESCE(so.commitment_date, COALESCE(so.date_order, so.create_date)"
                " + lead.days * interval '1 day')"
            ),
            zone,
        ),
        requested=_day(SQL("so.commitment_date"), zone),
        planned=_day(SQL("delivery.planned"), zone),
        done=_day(SQL("delivery.done"), zone),
        status_day=_day(SQL("placed.since"), zone),
        companies=tuple(companies.ids),
        today=day_of(fields.Datetime.now(), zone),
    )


def _day(moment, zone):
    """SQL of the day of a moment (UTC) in a time zone, a day that Python can read."""
    day = SQL("(%s AT TIME ZONE 'UTC' AT TIME ZONE %s)::date", moment, zone)
    # Both pass over NULL: the moment itself is asked for.
    return SQL(
        "CASE WHEN %s IS NOT NULL THEN LEAST(GREATEST(%s, %s), %s) END",
        moment,
        day,
        date.min,
        date.max,
    )


def _select_longest_leads(env):
    """SQL twin of ``sale.order._get_last_expected_date``, in days after the order.

    Of all orders in ``placed`` at once: asked for one by one, it takes five times as long.
    """
    delivery = SQL("true")
    if column_exists(env.cr, "sale_order_line", "is_delivery"):
        delivery = SQL("line.is_delivery IS NOT TRUE")
    return SQL(
        """
        SELECT line.order_id, MAX(COALESCE(line.customer_lead, 0)) AS days
          FROM placed
          JOIN sale_order_line line ON line.order_id = placed.order_id
          JOIN product_product product ON product.id = line.product_id
          JOIN product_template template ON template.id = product.product_tmpl_id
         WHERE line.display_type IS NULL
           AND template.type = 'consu'
           AND line.product_uom_qty > 0
           AND %s
      GROUP BY line.order_id
        """,
        delivery,
    )
