def uninstall_hook(env):
    """Take the feed's column off the history: Odoo does not know it and would leave it."""
    env.cr.execute("ALTER TABLE sale_order_status_history DROP COLUMN IF EXISTS feed_position")
