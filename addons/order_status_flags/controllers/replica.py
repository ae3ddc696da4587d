from odoo.http import request


def may_read_replica():
    """Return whether a replica of the database may answer this request.

    To be called by the callable ``readonly`` of a route. Only the addon `http_resilience` can
    tell whether the replica has what the visitor has just written: without it, never.

    :rtype: bool
    """
    # Asked of the registry, not by an override: that addon does not depend on this one and may
    # be loaded before it.
    ask = getattr(request.env["ir.http"], "_may_read_replica", None)
    return bool(ask and ask())
