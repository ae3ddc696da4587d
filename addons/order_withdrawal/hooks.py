def uninstall_hook(env):
    """Leave nothing behind that only this addon understands.

    Its activities go with their types; orders keep what happened to them.

    :param env: environment of the removal (superuser)
    """
    types = env["mail.activity.type"].browse(
        env.ref(f"order_withdrawal.mail_activity_type_{name}").id
        for name in ("withdrawal", "unmatched", "goes_on")
        if env.ref(f"order_withdrawal.mail_activity_type_{name}", raise_if_not_found=False)
    )
    env["mail.activity"].search([("activity_type_id", "in", types.ids)]).unlink()
