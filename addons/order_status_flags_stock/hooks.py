from odoo.tools import SQL

from odoo.addons.order_status_flags.promise_install import assign_promises

from .deliveries import select_deliveries


def post_init_hook(env):
    """Let what is there tell of promises, without any mail, and put other addons' events on it.

    :param env: environment of the installation (superuser)
    """
    env.flush_all()
    assign_promises(env, select_deliveries(SQL("true")))
    env["sale.order.status"]._add_events_to_shipped_statuses()


def uninstall_hook(env):
    """Archive the status of shipped orders where it is in use; Odoo deletes it otherwise.

    Orders, their history and flags hold on to it: deleting would fail and log errors.

    :param env: environment of the removal (superuser)
    """
    status = env.ref("order_status_flags_stock.status_shipped", raise_if_not_found=False)
    if status and status._is_used():
        status.active = False
        env["ir.model.data"].search(
            [("module", "=", "order_status_flags_stock"), ("name", "=", "status_shipped")]
        ).unlink()
