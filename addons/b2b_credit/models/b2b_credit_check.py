from odoo import api, fields, models
from odoo.tools import SQL


class B2bCreditCheck(models.Model):
    """One row a customer and company, which each checkout against a limit changes.

    Two checkouts at the same moment: the second one waits for the row, finds it changed, and is run
    again by Odoo on fresh data, where the first order counts. A mere lock would not do, since a
    transaction goes on seeing what it saw when it began.
    """

    _name = "b2b.credit.check"
    _description = "Credit Check of a B2B Customer"
    _rec_name = "partner_id"

    partner_id = fields.Many2one("res.partner", required=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, ondelete="cascade")
    count = fields.Integer(string="Checks", required=True, default=0)

    _partner_company_uniq = models.Constraint(
        "UNIQUE (partner_id, company_id)", "One row a customer and company."
    )

    @api.model
    def _take_turn(self, partner, company):
        """Wait for the customer's other checkout, and make a later one wait for this.

        :param res.partner partner: the customer
        :param res.company company: the seller
        :raise SerializationFailure: when another checkout came first; Odoo runs this one again
        """
        self.env.execute_query(
            SQL(
                """
                INSERT INTO b2b_credit_check (partner_id, company_id, count)
                     VALUES (%s, %s, 1)
                ON CONFLICT (partner_id, company_id)
                  DO UPDATE SET count = b2b_credit_check.count + 1
                  RETURNING id
                """,
                partner.id,
                company.id,
            )
        )
        self.invalidate_model(["count"])
