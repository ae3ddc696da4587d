from odoo.addons.b2b_portal.hooks import fill_customers


def migrate(cr, version):
    """Remember for whom each order was made: the record rules of portal users go by that.

    :param version: the installed version
    """
    fill_customers(cr)
