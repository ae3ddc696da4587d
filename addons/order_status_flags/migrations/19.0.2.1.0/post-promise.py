from odoo import SUPERUSER_ID, api

from odoo.addons.order_status_flags.promise_install import assign_promises


def migrate(cr, version):
    """Give the orders that are there their promises, in bulk and without mails.

    :param version: the installed version
    """
    assign_promises(api.Environment(cr, SUPERUSER_ID, {}))
