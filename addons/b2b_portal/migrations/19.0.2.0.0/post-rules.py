from odoo import SUPERUSER_ID, api
from odoo.tools.convert import convert_file


def migrate(cr, version):
    """Load the record rules once more: an update leaves alone those that are there.

    :param version: the installed version
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    # The rules of agreements were rules of this addon.
    convert_file(env, "b2b_agreement", "security/ir_rules.xml", None, mode="init")
    convert_file(env, "b2b_portal", "security/b2b_shop_rules.xml", None, mode="init")
