from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .rule import FLAG_SET, LOOK_BACK, ORDER_TRIGGERS, STATUS_SET


class BaseAutomation(models.Model):
    """What a rule would have done, told before it is switched on."""

    _inherit = "base.automation"

    def action_dry_run(self):
        """List the orders that this rule would have met in the last 30 days. Nothing is changed.

        :return: the list of orders
        :raise UserError: for rules that do not begin with a status or a flag
        :raise AccessError: for whoever may not read rules
        """
        self.ensure_one()
        self.check_access("read")
        orders = self._find_met_orders()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Would have been met in the last 30 days: %s", self.name),
            "res_model": "sale.order",
            "views": [(False, "list"), (False, "form")],
            "domain": [("id", "in", orders.ids)],
            "context": {"create": False},
            "help": self.env._("The rule would have met no order in the last 30 days."),
        }

    def _find_met_orders(self):
        """Return the orders that this rule would have met, by the history of their statuses.

        What else the rule asks of an order is looked up as it is today.

        :rtype: sale.order
        """
        if self.trigger not in ORDER_TRIGGERS:
            raise UserError(
                self.env._("Only rules that begin with an order status or a flag can be tried.")
            )
        if self.trigger == STATUS_SET:
            query = self._query_status_set()
        elif self.trigger == FLAG_SET:
            query = self._query_flag_set()
        else:
            query = self._query_days_in_status()
        ids = [order_id for (order_id,) in self.env.execute_query(query)]
        orders = self.env["sale.order"]
        return orders.search([("id", "in", ids)]).filtered_domain(self._get_order_domain())

    def _query_status_set(self):
        return SQL(
            """
            SELECT DISTINCT row.order_id
              FROM sale_order_status_history row
             WHERE row.status_id = %s
               AND row.previous_status_id IS DISTINCT FROM row.status_id
               AND row.source != 'install'
               AND row.undone_id IS NULL
               AND row.date >= %s
            """,
            self.trg_field_ref,
            fields.Datetime.now() - LOOK_BACK,
        )

    def _query_flag_set(self):
        return SQL(
            """
            SELECT DISTINCT row.order_id
              FROM sale_order_status_history row
             WHERE row.flag_id = %(flag)s
               AND row.source != 'install'
               AND row.undone_id IS NULL
               AND row.date >= %(since)s
               AND (
                    SELECT before.flag_id
                      FROM sale_order_status_history before
                     WHERE before.order_id = row.order_id AND before.id < row.id
                  ORDER BY before.id DESC
                     LIMIT 1
               ) IS DISTINCT FROM %(flag)s
            """,
            flag=self.trg_field_ref,
            since=fields.Datetime.now() - LOOK_BACK,
        )

    def _query_days_in_status(self):
        now = fields.Datetime.now()
        return SQL(
            """
            SELECT DISTINCT stay.order_id
              FROM (
                SELECT row.order_id, row.status_id, row.source, row.date,
                       LEAD(row.date) OVER (PARTITION BY row.order_id ORDER BY row.id) AS left_on
                  FROM sale_order_status_history row
                 WHERE row.status_id IS DISTINCT FROM row.previous_status_id
                   AND row.order_id IN (
                        SELECT entered.order_id
                          FROM sale_order_status_history entered
                         WHERE entered.status_id = %(status)s
                           AND entered.date BETWEEN %(earliest)s AND %(latest)s
                   )
              ) stay
             WHERE stay.status_id = %(status)s
               AND stay.source != 'install'
               AND stay.date <= %(latest)s
               AND stay.date >= %(earliest)s
               AND (stay.left_on IS NULL OR stay.left_on - stay.date >= %(now)s - %(latest)s)
            """,
            status=self.trg_field_ref,
            now=now,
            latest=now - self._get_delay(),
            earliest=now - self._get_delay() - LOOK_BACK,
        )
