"""What an installation or an upgrade gives to orders that are there: their promises, in bulk."""

from odoo import fields
from odoo.tools import SQL
from odoo.tools.sql import column_exists

from .bulk import without_indexes
from .promise import day_of

# Of deliveries, where no addon knows of any: see `assign_promises`.
NO_DELIVERIES = SQL(
    "SELECT NULL::int AS order_id, NULL::timestamp AS planned, NULL::timestamp AS done,"
    " false AS is_open WHERE false"
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
    companies = env["res.company"].with_context(active_test=False).search([])
    for zone, some in companies.grouped(lambda one: one.partner_id.tz or "UTC").items():
        # Apart from the update: only then is it known how many orders have a promise.
        env.cr.execute(_select_promises(env, zone, some, deliveries))
        with without_indexes(env.cr, "sale_order", env.cr.rowcount):
            env.cr.execute(_update_promises(day_of(fields.Datetime.now(), zone)))
        env.cr.execute("DROP TABLE install_promise")
    env.invalidate_all()


def _select_promises(env, zone, companies, deliveries):
    """SQL that keeps in a temporary table which orders promise what."""
    return SQL(
        """
        CREATE TEMPORARY TABLE install_promise ON COMMIT DROP AS
        WITH delivery AS MATERIALIZED (%(deliveries)s),
        known AS MATERIALIZED (
            SELECT so.id,
                   so.state = 'cancel' OR status.category = 'rejected' AS is_void,
                   COALESCE(so.promised_date, %(first)s) AS first,
                   GREATEST(%(requested)s, %(planned)s) AS present,
                   CASE WHEN delivery.order_id IS NOT NULL
                        THEN CASE WHEN NOT delivery.is_open THEN %(done)s END
                        WHEN status.category = 'done' THEN %(status_day)s
                   END AS fulfilled
              FROM sale_order so
         LEFT JOIN sale_order_status status ON status.id = so.order_status_id
         LEFT JOIN delivery ON delivery.order_id = so.id
             WHERE so.was_placed AND so.company_id IN %(companies)s AND %(only)s
        )
        SELECT id, first, is_void, fulfilled, COALESCE(present, first) AS present
          FROM known
         WHERE first IS NOT NULL
        """,
        deliveries=deliveries or NO_DELIVERIES,
        only=SQL("delivery.order_id IS NOT NULL") if deliveries else SQL("true"),
        first=_day(
            SQL(
                "COALESCE(so.commitment_date, COALESCE(so.date_order, so.create_date)"
                " + (%s) * interval '1 day')",
                _select_longest_lead(env),
            ),
            zone,
        ),
        requested=_day(SQL("so.commitment_date"), zone),
        planned=_day(SQL("delivery.planned"), zone),
        done=_day(SQL("delivery.done"), zone),
        status_day=_day(SQL("so.order_status_date"), zone),
        companies=tuple(companies.ids),
    )


def _update_promises(today):
    """SQL that writes them down.

    :param date today: in the time zone of the companies
    """
    return SQL(
        """
        UPDATE sale_order so
           SET promised_date = first,
               promise_date = present,
               promise_fulfilled_on = fulfilled,
               promise_state = CASE WHEN is_void IS TRUE THEN 'none'
                                    WHEN fulfilled <= first THEN 'kept'
                                    WHEN fulfilled > first THEN 'broken'
                                    WHEN present < %(today)s THEN 'late'
                                    WHEN present > first THEN 'at_risk'
                                    ELSE 'on_time' END,
               promise_told = fulfilled IS NULL AND (present < %(today)s OR present > first)
          FROM install_promise promise
         WHERE promise.id = so.id
        """,
        today=today,
    )


def _day(moment, zone):
    """SQL of the day of a moment (UTC) in a time zone."""
    return SQL("(%s AT TIME ZONE 'UTC' AT TIME ZONE %s)::date", moment, zone)


def _select_longest_lead(env):
    """SQL twin of ``sale.order._get_last_expected_date``, in days after the order."""
    delivery = SQL("true")
    if column_exists(env.cr, "sale_order_line", "is_delivery"):
        delivery = SQL("line.is_delivery IS NOT TRUE")
    return SQL(
        """
        SELECT MAX(COALESCE(line.customer_lead, 0))
          FROM sale_order_line line
          JOIN product_product product ON product.id = line.product_id
          JOIN product_template template ON template.id = product.product_tmpl_id
         WHERE line.order_id = so.id
           AND line.display_type IS NULL
           AND template.type = 'consu'
           AND %s
        """,
        delivery,
    )
