from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Install `http_resilience`, whose features were a part of this addon up to 19.0.1.

    Odoo goes on to load modules until nothing is left to install, so it comes in the same run.
    An "end" script would be too late for that.

    :param version: the installed version
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    env["ir.module.module"].search(
        [("name", "=", "http_resilience"), ("state", "=", "uninstalled")]
    ).button_install()
