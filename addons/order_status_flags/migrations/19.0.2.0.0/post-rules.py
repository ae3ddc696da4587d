from odoo import SUPERUSER_ID, api
from odoo.tools.convert import convert_file


def migrate(cr, version):
    """Load the record rules once more: an update leaves alone those that are there.

    :param version: the installed version
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    convert_file(env, "order_status_flags", "security/ir_rule.xml", None, mode="init")
