MODULE = "order_status_flags_automation"


def uninstall_hook(env):
    """Leave the status and the flag of the examples where they are in use, archived.

    Orders, their history and flags hold on to them: deleting would fail and log errors.

    :param env: environment of the removal (superuser)
    """
    # Actions that go anyway hold on to statuses and flags until they are gone.
    env.cr.execute("UPDATE ir_act_server SET order_status_id = NULL, order_flag_id = NULL")
    env.invalidate_all()
    for name in ("flag_waiting_for_goods", "status_ready_for_pickup"):
        record = env.ref(f"{MODULE}.{name}", raise_if_not_found=False)
        if record and _is_used(record):
            record.active = False
            names = [("module", "=", MODULE), ("name", "=", name)]
            env["ir.model.data"].search(names).unlink()


def _is_used(record):
    if record._name == "sale.order.status":
        return record._is_used()
    history = record.env["sale.order.status.history"]
    return bool(history.search_count([("flag_id", "=", record.id)], limit=1))
