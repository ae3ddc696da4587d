def uninstall_hook(env):
    """Leave nothing behind that only this addon understands.

    Its activities go with their types; orders keep what happened to them.

    :param env: environment of the removal (superuser)
    """
    names = ("withdrawal", "unmatched", "goes_on")
    found = [
        env.ref(f"order_withdrawal.mail_activity_type_{name}", raise_if_not_found=False)
        for name in names
    ]
    types = [activity_type.id for activity_type in found if activity_type]
    # Those that are done as well: they are archived, and would hold their type.
    activities = env["mail.activity"].with_context(active_test=False)
    activities.search([("activity_type_id", "in", types)]).unlink()
