from .models.sale_order_status_history import OFFSET_PARAMETER


def post_init_hook(env):
    """Put the events of the ERP on the statuses that ship.

    :param env: environment of the installation (superuser)
    """
    env["sale.order.status"]._add_events_to_shipped_statuses()


def uninstall_hook(env):
    """Close what Odoo itself would leave: keys, what it does not know, and what holds flags.

    :param env: environment of the removal (superuser)
    """
    feeds = env["order.flag.feed"].with_context(active_test=False).search([])
    feeds._close_clients()
    env["ir.config_parameter"].search([("key", "=", OFFSET_PARAMETER)]).unlink()
    # The documents go with their table; without them, nobody could tell what a file is.
    env["ir.attachment"].search([("res_model", "=", "sale.order.erp.document")]).unlink()
    # When the flags go too, Odoo deletes them before the table of the mappings.
    env.cr.execute("DELETE FROM order_flag_feed_mapping")
    env.cr.execute("ALTER TABLE sale_order_status_history DROP COLUMN IF EXISTS feed_position")
    # The index of a field that stays: Odoo drops those of fields that go.
    env.cr.execute("DROP INDEX IF EXISTS sale_order__client_order_ref_index")
    env["sale.order.erp.touch"]._remove()
    env.invalidate_all()
