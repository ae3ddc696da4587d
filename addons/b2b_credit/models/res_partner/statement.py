from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

# A PDF of more rows takes minutes, and nobody prints it.
MAX_PDF_ROWS = 2000
# So many invoices fit into one file.
MAX_INVOICES = 200


class ResPartner(models.Model):
    """Statement: what was invoiced and paid in a period."""

    _inherit = "res.partner"

    def _get_b2b_statement(self, company, date_from, date_to):
        """Return the statement of a period, in two queries.

        :param res.company company: the seller
        :param date date_from: first day
        :param date date_to: last day
        :return: `opening`, `closing`, `debit`, `credit` (in the company's currency), and `rows`:
            dicts `date`, `number`, `reference`, `due`, `debit`, `credit`, `balance`
        :rtype: dict
        """
        # sudo: buyers read no journal items; the caller asked for whom it is
        customer = self.sudo().commercial_partner_id
        before = customer._get_b2b_items_sql(company, SQL("item.date < %s", date_from))
        within = customer._get_b2b_items_sql(
            company, SQL("item.date BETWEEN %s AND %s", date_from, date_to)
        )
        ((opening,),) = self.env.execute_query(
            SQL("SELECT COALESCE(SUM(item.balance), 0) FROM %s", before)
        )
        query = SQL(
            """
            SELECT item.date, move.name, COALESCE(NULLIF(move.ref, ''), NULLIF(item.name, '')),
                   item.date_maturity, item.debit, item.credit,
                   %(opening)s::numeric + SUM(item.balance) OVER rows_so_far
              FROM %(items)s
            WINDOW rows_so_far AS (
                       ORDER BY item.date, move.name, item.id
                       ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                   )
          ORDER BY item.date, move.name, item.id
            """,
            opening=opening,
            items=within,
        )
        # sudo: customers do not read the company, only in which currency it adds up
        return self._add_up_b2b_statement(
            company.sudo().currency_id, float(opening), self.env.execute_query(query)
        )

    def _add_up_b2b_statement(self, currency, opening, items):
        # Balances come from the database, which adds them up exactly.
        rows = [
            {
                "date": date,
                "number": number or "",
                "reference": reference if reference and reference != number else "",
                "due": due,
                "debit": float(debit),
                "credit": float(credit),
                "balance": float(balance),
            }
            for date, number, reference, due, debit, credit, balance in items
        ]
        return {
            "opening": currency.round(opening),
            "closing": currency.round(rows[-1]["balance"] if rows else opening),
            "debit": currency.round(sum(row["debit"] for row in rows)),
            "credit": currency.round(sum(row["credit"] for row in rows)),
            "rows": rows,
            "currency": currency,
        }

    def _get_b2b_statement_table(self, statement, date_from, date_to):
        """Return a statement as a table, with its opening and closing balance.

        :param dict statement: of `_get_b2b_statement`
        :return: header and rows
        :rtype: list[list]
        """
        currency = statement["currency"].name
        header = [
            self.env._("Date"),
            self.env._("Number"),
            self.env._("Reference"),
            self.env._("Due date"),
            self.env._("Debit"),
            self.env._("Credit"),
            self.env._("Balance"),
            self.env._("Currency"),
        ]
        opening, closing = self.env._("Opening balance"), self.env._("Closing balance")
        return [
            header,
            [date_from.isoformat(), opening, "", "", "", "", statement["opening"], currency],
            *(
                [
                    row["date"].isoformat(),
                    row["number"],
                    row["reference"],
                    row["due"].isoformat() if row["due"] else "",
                    row["debit"],
                    row["credit"],
                    row["balance"],
                    currency,
                ]
                for row in statement["rows"]
            ),
            [
                date_to.isoformat(),
                closing,
                "",
                "",
                statement["debit"],
                statement["credit"],
                statement["closing"],
                currency,
            ],
        ]

    def _get_b2b_invoices(self, company, date_from, date_to):
        """Return the posted invoices and credit notes of a period, in sudo mode.

        :param res.company company: the seller
        :rtype: account.move
        """
        # sudo: see `_get_b2b_statement`
        customer = self.sudo().commercial_partner_id
        root = company.sudo().root_id
        return customer.env["account.move"].search(
            Domain("commercial_partner_id", "=", customer.id)
            & Domain("move_type", "in", ("out_invoice", "out_refund", "out_receipt"))
            & Domain("state", "=", "posted")
            & Domain("company_id", "child_of", root.id)
            & Domain("invoice_date", ">=", date_from)
            & Domain("invoice_date", "<=", date_to),
            order="invoice_date, name, id",
            # one more than allowed is enough to know
            limit=MAX_INVOICES + 1,
        )
