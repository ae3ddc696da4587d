from .models.sale_order_status_history import OFFSET_PARAMETER


def uninstall_hook(env):
    """Close what Odoo itself would leave: keys, the history's column and its parameter."""
    feeds = env["order.flag.feed"].with_context(active_test=False).search([])
    feeds._close_clients()
    env["ir.config_parameter"].search([("key", "=", OFFSET_PARAMETER)]).unlink()
    env.cr.execute("ALTER TABLE sale_order_status_history DROP COLUMN IF EXISTS feed_position")
