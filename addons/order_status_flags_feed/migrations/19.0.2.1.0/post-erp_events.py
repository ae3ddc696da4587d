from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Put the events of the ERP on the statuses that ship, where nobody has changed them.

    :param version: the installed version
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    env["sale.order.status"]._add_events_to_shipped_statuses()
