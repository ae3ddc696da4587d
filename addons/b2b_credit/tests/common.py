from datetime import timedelta

from odoo import fields
from odoo.fields import Command

from odoo.addons.b2b_account.tests.common import AccountCommon


class CreditCommon(AccountCommon):
    """Buyer Ltd owes what the tests make it owe; `lookers` see no finance."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = cls.env["b2b.agreement"]._get_today(cls.company)
        cls.looker_user = cls._create_portal_user("b2b_looker", parent_id=cls.customer.id)
        cls.looker = cls._create_member(cls.looker_user, may_see_finance=False)

    @classmethod
    def _create_invoice(cls, amount, days=0, partner=None, move_type="out_invoice", **values):
        """Create a posted invoice without taxes.

        :param int days: overdue; negative = due in so many days
        """
        due = cls.today - timedelta(days=days)
        invoice = cls.env["account.move"].create(
            {
                "move_type": move_type,
                "partner_id": (partner or cls.customer).id,
                "invoice_date": min(due, cls.today),
                "invoice_date_due": due,
                "invoice_line_ids": [
                    Command.create({"name": "Goods", "price_unit": amount, "tax_ids": [(5,)]})
                ],
                **values,
            }
        )
        invoice.invoice_payment_term_id = False
        invoice.invoice_date_due = due
        invoice.action_post()
        return invoice

    @classmethod
    def _pay(cls, invoice, **values):
        cls.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"payment_date": fields.Date.today(), **values}).action_create_payments()

    def _standing(self, partner=None):
        self.env.invalidate_all()
        return (partner or self.customer)._get_b2b_standing(self.company)

    def _set_limit(self, limit, policy=None):
        self.customer.credit_limit = limit
        if policy:
            self.company.b2b_credit_policy = policy
