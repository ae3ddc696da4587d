from odoo.addons.b2b_portal.models.sale_order.guards import PLACING


def _uninstall_hook(env):
    """Keep what was requested: each request becomes a template of its buyer.

    :param env: environment of the removal (superuser)
    """
    orders = env["sale.order"].with_context(active_test=False, tracking_disable=True)
    orders = orders.search([("b2b_qualifier", "=", "approval")])
    for order in orders:  # each has a name of its own
        order.with_context(b2b_placing=PLACING).write(
            {"b2b_qualifier": "template", "b2b_template_name": order.name}
        )
