from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Let the promises of pro-formas on account count: the engine took them for unpaid ones.

    :param version: the installed version
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    domain = [("b2b_qualifier", "=", "order"), ("state", "=", "sent")]
    orders = env["sale.order"].search([*domain, ("promised_date", "!=", False)])
    env.add_to_compute(orders._fields["promise_state"], orders)
    env.flush_all()
