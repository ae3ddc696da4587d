from odoo import SUPERUSER_ID, api
from odoo.tools import sql


def migrate(cr, version):
    """Put pro-formas that were still to be mailed into the outbox of the status history.

    Up to 19.0.1 a field of the order and a scheduled action of their own did this. The field
    itself goes at the end of the upgrade.

    :param version: the installed version
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    cron = env.ref("b2b_portal.ir_cron_b2b_proforma_mail", raise_if_not_found=False)
    if cron:
        action = cron.ir_actions_server_id
        cron.unlink()
        action.unlink()  # Odoo leaves it behind
    if not sql.column_exists(cr, "sale_order", "b2b_mail_pending"):
        return
    cr.execute("SELECT id FROM sale_order WHERE b2b_mail_pending ORDER BY id")
    for order in env["sale.order"].browse(order_id for (order_id,) in cr.fetchall()):
        env["sale.order.status.history"]._queue_mail(order, "b2b_proforma")
