from odoo.tools import SQL
from odoo.tools.sql import column_exists


def _pre_init_hook(env):
    """Fill the column that Odoo would compute order by order: on a large archive, minutes.

    :param env: environment of the installation (superuser)
    """
    fill_customers(env.cr)


def fill_customers(cr):
    """Remember the company of its contact as the customer of each order, set-based.

    :param cr: cursor; the column is made when it is not there yet
    """
    if column_exists(cr, "sale_order", "b2b_customer_id"):
        cr.execute(
            """
            UPDATE sale_order
               SET b2b_customer_id = COALESCE(partner.commercial_partner_id, partner.id)
              FROM res_partner partner
             WHERE partner.id = sale_order.partner_id
               AND sale_order.b2b_customer_id IS NULL
            """
        )
        return
    # The table is written anew as a whole: an update of every row would also write an entry in
    # each of its indexes, and ask each of its triggers, which takes three times as long. Other
    # tables are not asked in such an expression, and a function that asks them for each order
    # takes as long as writing it: the contacts of other companies are two lists to look up in.
    cr.execute(
        """
        SET LOCAL maintenance_work_mem = '256MB';
        ALTER TABLE sale_order ADD COLUMN b2b_customer_id integer;
        DO $$
        DECLARE
            contacts integer[];
            customers integer[];
        BEGIN
            SELECT COALESCE(array_agg(id ORDER BY id), '{}'),
                   COALESCE(array_agg(commercial_partner_id ORDER BY id), '{}')
              INTO contacts, customers
              FROM res_partner
             WHERE commercial_partner_id != id;
            EXECUTE format(
                'ALTER TABLE sale_order ALTER COLUMN b2b_customer_id TYPE integer USING
                    CASE WHEN (%1$L::int[])[width_bucket(partner_id, %1$L::int[])] = partner_id
                         THEN (%2$L::int[])[width_bucket(partner_id, %1$L::int[])]
                         ELSE partner_id
                    END',
                contacts, customers
            );
        END $$
        """
    )


def _uninstall_hook(env):
    """Leave nothing behind that only this addon understands.

    :param env: environment of the removal (superuser)
    """
    _remove_b2b_orders(env)
    _restore_quotation_actions(env)


def _remove_b2b_orders(env):
    """Delete carts and templates, which would become quotations, and retype pro-formas.

    A pro-forma that is not yet confirmed is an order all the same. Among the other types only
    web orders are, so it goes on as one: with its status, its status page, and cancelling.

    :param env: environment of the removal (superuser)
    """
    Order = env["sale.order"].with_context(active_test=False, tracking_disable=True)
    Order.search(Order._get_b2b_draft_domain()).unlink()
    env.flush_all()
    env.cr.execute("UPDATE sale_order SET document_type = 'web' WHERE document_type = 'b2b'")
    for table in ("sale_order_status", "sale_order_flag"):
        # Those made for pro-formas only must not become those of every order.
        env.cr.execute(
            SQL(
                "UPDATE %s SET document_type = NULL, active = FALSE WHERE document_type = 'b2b'",
                SQL.identifier(table),
            )
        )
    env.invalidate_all()


def _restore_quotation_actions(env):
    """Take our filter off Odoo's own lists of quotations.

    :param env: environment of the removal (superuser)
    """
    for name, domain in {
        "sale.action_quotations": False,
        "sale.action_quotations_with_onboarding": False,
        "sale.action_quotations_salesteams": "[]",
    }.items():
        action = env.ref(name, raise_if_not_found=False)
        if action:
            action.domain = domain
