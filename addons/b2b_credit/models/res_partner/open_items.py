from odoo import models
from odoo.tools import SQL

# What is reconciled has nothing left: core keeps an index of the rest, which may be little.
OPEN = SQL("item.amount_residual != 0 AND item.reconciled IS NOT TRUE")


class ResPartner(models.Model):
    """Open items: the one query of what a customer's receivables are made of."""

    _inherit = "res.partner"

    def _get_b2b_items_sql(self, company, condition=None):
        """Return the SQL behind `FROM` for the receivable items of this customer.

        Aliases: `item` (journal item), `move` (its entry). Items of contacts count, those of
        branches of the company, too, as in Odoo's own *Total Receivable*.

        :param res.company company: the seller
        :param SQL condition: what else must hold
        :rtype: SQL
        """
        self.ensure_one()
        self.env["account.move.line"].flush_model()
        self.env["account.move"].flush_model()
        self.env["res.partner"].flush_model(["commercial_partner_id"])
        self.env["account.account"].flush_model(["account_type"])
        return SQL(
            """
            account_move_line item
            JOIN account_account account ON account.id = item.account_id
            JOIN account_move move ON move.id = item.move_id
            JOIN res_partner partner ON partner.id = item.partner_id
            WHERE account.account_type = 'asset_receivable'
              AND item.parent_state = 'posted'
              AND item.company_id IN %(companies)s
              AND partner.commercial_partner_id = %(customer)s
              AND %(condition)s
            """,
            companies=company._get_b2b_branches_sql(),
            customer=self.id,
            condition=condition or SQL("TRUE"),
        )

    def _get_b2b_ageing_rows(self, company, today):
        """Return the open items summed up by how many days they are overdue.

        :param res.company company: the seller
        :param date today: where the company is
        :return: tuples (days overdue, amount owed, amount in favour of the customer)
        :rtype: list[tuple]
        """
        return self.env.execute_query(
            SQL(
                """
                SELECT %(today)s::date - COALESCE(item.date_maturity, item.date) AS days,
                       SUM(GREATEST(item.amount_residual, 0)),
                       SUM(LEAST(item.amount_residual, 0))
                  FROM %(items)s
              GROUP BY days
                """,
                today=today,
                items=self._get_b2b_items_sql(company, OPEN),
            )
        )

    def _get_b2b_open_items(self, company, today, offset=0, limit=None):
        """Return the open items, the oldest due date first.

        :param res.company company: the seller
        :param date today: where the company is
        :return: dicts `move_id`, `move_type`, `number`, `date`, `due`, `days` (overdue), `residual`
        :rtype: list[dict]
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT move.id, move.move_type, move.name, item.date,
                       COALESCE(item.date_maturity, item.date) AS due, item.amount_residual
                  FROM %(items)s
              ORDER BY due, item.date, item.id
                 LIMIT %(limit)s OFFSET %(offset)s
                """,
                items=self._get_b2b_items_sql(company, OPEN),
                limit=limit,
                offset=offset,
            )
        )
        names = ("move_id", "move_type", "number", "date", "due", "residual")
        items = [dict(zip(names, row, strict=True)) for row in rows]
        for item in items:
            # What is in favour of the customer is never overdue.
            overdue = (today - item["due"]).days if item["residual"] > 0 else 0
            item["days"] = max(overdue, 0)
        return items

    def _count_b2b_open_items(self, company):
        """Return how many open items there are.

        :param res.company company: the seller
        :rtype: int
        """
        items = self._get_b2b_items_sql(company, OPEN)
        return self.env.execute_query(SQL("SELECT COUNT(*) FROM %s", items))[0][0]
