def post_init_hook(env):
    """Put the events of other addons on the status of shipped orders, where they are there.

    :param env: environment of the installation (superuser)
    """
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
