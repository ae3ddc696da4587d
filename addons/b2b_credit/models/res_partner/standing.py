from odoo import models
from odoo.tools import SQL

from ...standing import BUCKETS, Standing, get_bucket


class ResPartner(models.Model):
    """Standing: credit limit, what of it is used, and what is overdue."""

    _inherit = "res.partner"

    def _get_b2b_standing(self, company):
        """Return how a customer stands, in a constant number of queries.

        For callers that have asked who may know it.

        :param res.company company: the seller
        :return: amounts in the company's currency, taxes included
        :rtype: Standing
        """
        # sudo: buyers and salespeople read neither journal items nor the limit
        customer = self.sudo().commercial_partner_id.with_company(company)
        today = self.env["b2b.agreement"]._get_today(company)
        standing = Standing(
            limit=customer.credit_limit,
            ordered=customer._get_b2b_ordered(company, today),
            ageing=dict.fromkeys((name for name, _most in BUCKETS), 0.0),
        )
        for days, owed, credited in customer._get_b2b_ageing_rows(company, today):
            standing.open_amount += float(owed + credited)
            standing.ageing[get_bucket(days)] += float(owed)
            standing.ageing["not_due"] += float(credited)
            if days > 0 and owed:
                standing.overdue += float(owed)
                standing.days = max(standing.days, days)
        return standing

    def _get_b2b_ordered(self, company, today, order=None):
        """Return what was ordered and is not invoiced, at the day's rate.

        Posted invoices count, drafts do not: nobody owes anything by a draft. What was invoiced
        once stays invoiced, also when it is credited, since that does not order it anew.

        :param sale.order order: what of it this order is, all orders by default
        """
        rows = self.env.execute_query(self._get_b2b_ordered_sql(company, order))
        # sudo: buyers do not read the seller's company
        currencies = self.env["res.currency"]
        return sum(
            currencies.browse(currency_id)._convert(
                float(amount), company.sudo().currency_id, company, today
            )
            for currency_id, amount in rows
        )

    def _get_b2b_ordered_sql(self, company, order=None):
        """Return the SQL of what is not invoiced of placed orders, or of one, by currency.

        By quantity, since an invoice may have another price. A down payment is an invoice before
        its time: it is taken off until the final invoice takes it off, or it is credited.

        Goods that were given up, or came back, are not invoiced any more: where no more will leave,
        what Odoo has invoiced and will invoice counts. What an ERP has invoiced is no order.

        The totals of lines need not add up to that of their order, which is what the customer
        owes: taxes may be rounded together, or be reduced for an early payment. What is open has
        its share of the difference.
        """
        for model in ("sale.order", "sale.order.line", "account.move", "account.move.line"):
            self.env[model].flush_model()
        return SQL(
            """
            WITH orders AS (
                SELECT id, currency_id, amount_total, %(is_over)s AS is_over
                  FROM sale_order
                 WHERE id = ANY(ARRAY(
                    SELECT id
                      FROM sale_order
                     WHERE b2b_customer_id = %(customer)s
                       AND company_id IN %(companies)s
                       AND was_placed AND state != 'cancel'
                       AND %(only)s
                       AND %(may_be_open)s
                       AND NOT %(invoiced_elsewhere)s
                 ))
            ), invoiced AS (
                SELECT line.id,
                       SUM(CASE WHEN line.is_downpayment THEN 0 ELSE
                           item.quantity * COALESCE(item_uom.factor, 1)
                           / COALESCE(NULLIF(line_uom.factor, 0), 1) END) AS quantity,
                       SUM(CASE WHEN line.is_downpayment IS NOT TRUE THEN 0
                                WHEN move.move_type = 'out_refund' THEN -item.price_total
                                ELSE item.price_total END) AS paid
                  FROM orders
                  JOIN sale_order_line line ON line.order_id = orders.id
                  JOIN sale_order_line_invoice_rel rel ON rel.order_line_id = line.id
                  JOIN account_move_line item ON item.id = rel.invoice_line_id
                  JOIN account_move move ON move.id = item.move_id
             LEFT JOIN uom_uom line_uom ON line_uom.id = line.product_uom_id
             LEFT JOIN uom_uom item_uom ON item_uom.id = item.product_uom_id
                 WHERE move.state = 'posted'
                   AND (
                        move.move_type IN ('out_invoice', 'out_receipt')
                        OR move.move_type = 'out_refund' AND line.is_downpayment
                   )
              GROUP BY line.id
            ), goods AS (
                SELECT orders.currency_id, orders.amount_total,
                       SUM(line.price_total) AS ordered,
                       SUM(CASE WHEN line.product_uom_qty = 0 OR line.is_downpayment THEN 0 ELSE
                           line.price_total / line.product_uom_qty * GREATEST(
                               GREATEST(
                                   CASE WHEN orders.is_over
                                             AND line.qty_delivered_method = 'stock_move'
                                        THEN line.qty_invoiced + line.qty_to_invoice
                                        ELSE line.product_uom_qty END,
                                   COALESCE(line.qty_delivered, 0)
                               ) - COALESCE(invoiced.quantity, 0), 0)
                       END) AS open,
                       SUM(COALESCE(invoiced.paid, 0)) AS paid
                  FROM orders
                  JOIN sale_order_line line ON line.order_id = orders.id
             LEFT JOIN invoiced ON invoiced.id = line.id
                 WHERE line.display_type IS NULL
              GROUP BY orders.id, orders.currency_id, orders.amount_total
            ), left_over AS (
                SELECT currency_id,
                       open - paid + COALESCE(
                           (amount_total - ordered)
                           * LEAST(GREATEST(open / NULLIF(ordered, 0), 0), 1), 0
                       ) AS amount
                  FROM goods
            )
            SELECT currency_id, SUM(amount) FROM left_over WHERE amount > 0 GROUP BY currency_id
            """,
            customer=self.id,
            companies=company._get_b2b_branches_sql(),
            only=SQL("id = %s", order._origin.id or 0) if order else SQL("TRUE"),
            may_be_open=self._get_b2b_may_be_open_sql(),
            is_over=self.env["sale.order"]._get_delivery_over_sql(),
            invoiced_elsewhere=self.env["sale.order"]._get_invoiced_elsewhere_sql(),
        )

    def _get_b2b_may_be_open_sql(self):
        """Return the condition of the orders of which something may not be invoiced.

        Odoo's stored state knows it, but for two things: a draft invoice is one to Odoo, and a
        down payment that is credited after the final invoice changes nothing for it.
        """
        return SQL(
            """
            (
                invoice_status IS DISTINCT FROM 'invoiced'
                OR id IN (
                    SELECT line.order_id
                      FROM account_move move
                      JOIN account_move_line item ON item.move_id = move.id
                      JOIN sale_order_line_invoice_rel rel ON rel.invoice_line_id = item.id
                      JOIN sale_order_line line ON line.id = rel.order_line_id
                     WHERE move.state = 'draft' AND move.move_type IN ('out_invoice', 'out_receipt')
                )
                OR EXISTS (
                    SELECT FROM sale_order_line down
                     WHERE down.order_id = sale_order.id AND down.is_downpayment
                )
            )
            """
        )
