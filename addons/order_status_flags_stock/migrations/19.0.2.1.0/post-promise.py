from odoo import SUPERUSER_ID, api

from odoo.addons.order_status_flags_stock.hooks import post_init_hook


def migrate(cr, version):
    """Let the deliveries that are there tell what became of the promises.

    :param version: the installed version
    """
    post_init_hook(api.Environment(cr, SUPERUSER_ID, {}))
