from odoo import fields, models
from odoo.tools import html2plaintext


class SaleOrderQuestion(models.Model):
    """What a customer asked on the order status page; see ``sale.order._receive_question``."""

    _name = "sale.order.question"
    _description = "Question of a Customer"
    _order = "id desc"
    _rec_name = "text"
    _log_access = False

    order_id = fields.Many2one(
        comodel_name="sale.order", required=True, index=True, ondelete="cascade", readonly=True
    )
    text = fields.Text(required=True, readonly=True)
    date = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    is_open = fields.Boolean(string="Unanswered", readonly=True, default=True)
    message_id = fields.Many2one(comodel_name="mail.message", ondelete="set null", readonly=True)
    answer_id = fields.Many2one(comodel_name="mail.message", ondelete="set null", readonly=True)
    company_id = fields.Many2one(related="order_id.company_id")

    _open_idx = models.Index("(order_id) WHERE is_open")

    def _get_customer_values(self):
        """Return what the customer's page shows of this question (sudo) and its answer.

        Of an answer that was made internal or deleted since, nothing.

        :rtype: dict
        """
        self.ensure_one()
        answer = self.answer_id
        shown = answer.subtype_id == self.env.ref("mail.mt_comment") and not answer.is_internal
        text = shown and html2plaintext(answer.body or "").strip()
        return {
            "text": self.text,
            "date": self.date,
            "answer": text,
            "answered_on": bool(text) and answer.date,
        }
