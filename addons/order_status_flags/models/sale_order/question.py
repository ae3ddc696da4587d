from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain

from ...context_keys import TO_REQUEST
from ...typed_text import clean_text, keep_lines

ACTIVITY = "order_status_flags.mail_activity_type_question"
MESSAGE_MAX_LENGTH = 2_000
MESSAGE_LIMIT, MESSAGE_SPAN = 5, timedelta(days=1)
MESSAGE_AGAIN = timedelta(minutes=1)


class SaleOrder(models.Model):
    """Order status: what a customer asks on the order status page, and the answer to it.

    A question is a message of the order. The answer is the first message that somebody of the
    company then sends from the order's messages (*Send message*, not *Log note*): it is mailed to
    the customer and shown on the page. E-mails made by a template (a quotation, an invoice) answer
    no question, and are never shown there: the page can be seen by whoever has its link.
    """

    _inherit = "sale.order"

    question_ids = fields.One2many(
        comodel_name="sale.order.question",
        inverse_name="order_id",
        string="Questions of the customer",
        copy=False,
        groups="sales_team.group_sale_salesman",
    )
    has_open_question = fields.Boolean(
        string="Asks a question",
        compute="_compute_has_open_question",
        compute_sudo=True,
        search="_search_has_open_question",
        groups="base.group_user",
        help="The customer asked something on the order status page, and nobody has answered.",
    )
    open_question = fields.Text(
        compute="_compute_has_open_question", compute_sudo=True, groups="base.group_user"
    )

    # === COMPUTE METHODS === #

    @api.depends("question_ids.is_open")
    def _compute_has_open_question(self):
        found = self.env["sale.order.question"].search(
            [("order_id", "in", self.ids), ("is_open", "=", True)], order="id"
        )
        by_order = found.grouped("order_id")
        for order in self:
            questions = by_order.get(order._origin, found.browse())
            order.has_open_question = bool(questions)
            order.open_question = "\n\n".join(questions.mapped("text"))

    @api.model
    def _search_has_open_question(self, operator, value):
        if operator != "in":
            return NotImplemented
        self._check_field_access(self._fields["has_open_question"], "read")
        # "any!": who reads an order may know that its customer asks
        found = Domain("question_ids", "any!", [("is_open", "=", True)])
        return (found if True in value else Domain.FALSE) | (
            ~found if False in value else Domain.FALSE
        )

    def _get_attention_reasons(self):
        """Override of our own hook to add customers who ask, after those who want to cancel."""
        reasons = super()._get_attention_reasons()
        first = {key: reasons.pop(key) for key in ("against_rejection", "cancellation")}
        return {**first, "question": set(self.filtered("has_open_question")._origin.ids), **reasons}

    @api.model
    def _get_attention_domains(self):
        """Override of our own hook to find customers who ask."""
        return {
            **super()._get_attention_domains(),
            "question": Domain("has_open_question", "=", True),
        }

    # === ACTION METHODS === #

    def action_close_questions(self):
        """Take the open questions of these orders as answered, by phone for example.

        :return: True
        :raise AccessError: without write access to the orders
        """
        self.check_access("write")
        self._close_questions()
        for order in self:
            order._message_log(body=self.env._("The customer's question needs no more answer."))
        return True

    # === BUSINESS METHODS === #

    def _receive_question(self, text):
        """Note what the customer asks on the order status page, and tell somebody.

        The same words within a minute are the same question, and change nothing.

        :param str text: the customer's words
        :raise UserError: when there are none, too many, or too many questions a day
        """
        self.ensure_one()
        # sudo: who has the link may ask, and read nothing
        order = self.sudo()
        text = order._clean_question(text)
        # Counted first: of two at the same moment, the other waits for it and then sees the first.
        with self.env.cr.savepoint(flush=False) as counted:
            order._count_question()
            if order._is_asked_again(text):
                counted.rollback()  # one question counts once
                return
        message = order.message_post(
            body=keep_lines(order._get_cancellation_note(text, by_link=True)),
            author_id=order.partner_id.id,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        order.question_ids = [Command.create({"text": text, "message_id": message.id})]
        order._tell_seller(ACTIVITY, text)

    def _count_question(self):
        if not self.env["order.status.limit"]._take(
            "message", self.id, MESSAGE_LIMIT, MESSAGE_SPAN
        ):
            raise UserError(
                self.env._(
                    "You have sent several messages today. We will answer them, please wait."
                )
            )

    def _is_asked_again(self, text):
        """Whether these very words have just come: pressed twice, or sent anew by the browser."""
        last = self.question_ids[:1]
        return last.text == text and fields.Datetime.now() - last.date < MESSAGE_AGAIN

    @api.model
    def _clean_question(self, text):
        too_long = self.env._(
            "The message is too long: at most %(count)s characters.", count=MESSAGE_MAX_LENGTH
        )
        text = clean_text(text, MESSAGE_MAX_LENGTH, too_long)
        if not text:
            raise UserError(self.env._("Please write what you would like to know."))
        return text

    def _message_post_after_hook(self, message, msg_vals):
        """Override of `mail` to take what a colleague sends to who asks as the answer."""
        if message.message_type == "comment" and self._is_answer(message, msg_vals):
            self._answer_questions(message, msg_vals)
        return super()._message_post_after_hook(message, msg_vals)

    def _is_answer(self, message, msg_vals):
        """Whether a message is written by a person of the company, for the customer to read."""
        author = message.author_id
        return (
            self.env.context.get("order_status_answer") is not TO_REQUEST
            and message.subtype_id == self.env.ref("mail.mt_comment")
            and not message.is_internal
            and bool(author)
            and not author.partner_share
            and author != self.env.ref("base.partner_root")
            # What a template says may be anything, prices too.
            and not msg_vals.get("email_layout_xmlid")
            and msg_vals.get("email_add_signature", True)
        )

    def _answer_questions(self, message, msg_vals):
        # sudo: whoever may post on the order may answer
        questions = self.sudo().question_ids.filtered("is_open")
        if not questions:
            return
        questions.answer_id = message.id
        self._close_questions()
        # The customer need not follow the order to read the answer.
        partner = self.sudo().partner_id
        message.sudo().partner_ids = [Command.link(partner.id)]
        msg_vals["partner_ids"] = [*(msg_vals.get("partner_ids") or ()), partner.id]

    def _close_questions(self):
        # sudo: activities of colleagues, and questions are nobody's to write
        orders = self.sudo()
        orders.question_ids.filtered("is_open").is_open = False
        orders.activity_unlink([ACTIVITY])

    # === WHAT THE CUSTOMER READS === #

    def _get_customer_questions(self):
        """Return what was asked on the order status page, the newest first, with the answers.

        :rtype: list[dict] with ``text``, ``date`` (datetime, UTC), ``answer`` (text or False) and
            ``answered_on`` (datetime, UTC, or False)
        """
        self.ensure_one()
        # sudo: customers read no messages, only what this method picks
        return [question._get_customer_values() for question in self.sudo().question_ids]
