from odoo.addons.order_status_flags.bulk import without_indexes
from odoo.addons.order_status_flags.hooks import assign_install_statuses
from odoo.addons.order_status_flags.promise_install import assign_promises


def post_init_hook(env):
    """Make the shop's orders web orders, and give those placed but never confirmed a status.

    Set-based, and without any mail. An order that has a status or flag which fits sales
    orders only stays one: installing changes no status.
    """
    env.flush_all()
    env.cr.execute(
        "SELECT count(*) FROM sale_order WHERE website_id IS NOT NULL AND document_type = 'sale'"
    )
    # Once for all that is written below.
    with without_indexes(env.cr, "sale_order", env.cr.fetchone()[0]):
        _make_web_orders(env.cr)
        env.invalidate_all()
        assign_install_statuses(env, later_type="web")
        assign_promises(env)


def _make_web_orders(cr):
    cr.execute(
        """
        UPDATE sale_order so
           SET document_type = 'web'
         WHERE so.website_id IS NOT NULL
           AND so.document_type = 'sale'
           AND NOT EXISTS (
               SELECT 1 FROM sale_order_status status
                WHERE status.id = so.order_status_id AND status.document_type = 'sale')
           AND NOT EXISTS (
               SELECT 1 FROM sale_order_flag flag
                WHERE flag.id = so.order_flag_id AND flag.document_type = 'sale')
        """
    )
