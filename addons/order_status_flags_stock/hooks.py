from odoo.tools import SQL

from odoo.addons.order_status_flags.promise_install import assign_promises

from .deliveries import select_deliveries


def post_init_hook(env):
    """Let the deliveries that are there tell what became of the promises, without any mail."""
    env.flush_all()
    assign_promises(env, select_deliveries(SQL("true")))


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
