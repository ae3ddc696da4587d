from odoo import api, fields, models
from odoo.tools import SQL


class OrderStatusRuleRun(models.Model):
    """That a rule about days in a status has run on an order, since it entered that status."""

    _name = "order.status.rule.run"
    _description = "Run of an Automation Rule on an Order"
    _log_access = False

    automation_id = fields.Many2one(
        comodel_name="base.automation", required=True, ondelete="cascade", readonly=True
    )
    order_id = fields.Many2one(
        comodel_name="sale.order", required=True, ondelete="cascade", index=True, readonly=True
    )
    entered = fields.Datetime(required=True, readonly=True)
    has_failed = fields.Boolean(
        string="Failed",
        readonly=True,
        help="The rule did nothing and is tried again; the order says so already.",
    )

    # Two servers that run the same rule at the same moment: one of them comes too late.
    _once = models.UniqueIndex("(automation_id, order_id, entered)")

    @api.autovacuum
    def _gc_left_statuses(self):
        """Forget what an order has left behind: it can only enter the status anew."""
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM order_status_rule_run run
                      USING sale_order
                      WHERE sale_order.id = run.order_id
                        AND sale_order.order_status_date IS DISTINCT FROM run.entered
                        AND run.entered < now() AT TIME ZONE 'UTC' - interval '90 days'
                """
            )
        )
