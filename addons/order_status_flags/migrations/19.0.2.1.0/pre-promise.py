from odoo.addons.order_status_flags.promise_install import create_promise_columns


def migrate(cr, version):
    """Create the columns of the promise before Odoo computes them order by order.

    :param version: the installed version
    """
    create_promise_columns(cr)
