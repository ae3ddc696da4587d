from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date

from odoo.addons.mail_delivery_retry.language import get_active_lang
from odoo.addons.order_status_flags.promise import day_of

from ...deadline import get_zone, go_on
from ...quantity import format_quantity
from ..sale_withdrawal_mail import FAILED

# Article 13(1): the money is back within 14 days from the day of the statement.
REFUND_TIME = timedelta(days=14)


class SaleWithdrawal(models.Model):
    """Withdrawal: what the clerk sees of the case, beside what was declared."""

    _inherit = "sale.withdrawal"

    deadline = fields.Date(
        compute="_compute_deadline",
        compute_sudo=True,
        help="The last day of the period. Shown, never enforced. Empty: goods are still to come.",
    )
    deadline_words = fields.Text(
        string="How it was computed", compute="_compute_deadline", compute_sudo=True
    )
    is_late = fields.Boolean(
        string="Late",
        compute="_compute_deadline",
        compute_sudo=True,
        help="Sent after the last day of the period, or received after it where nobody has entered"
        " when it was sent.",
    )
    has_exception = fields.Boolean(
        string="Exception",
        compute="_compute_marks",
        compute_sudo=True,
        help="An article is excluded from the right of withdrawal, or may be.",
    )
    exception_words = fields.Text(string="Exceptions", compute="_compute_marks", compute_sudo=True)
    is_repeat = fields.Boolean(
        string="Repeat",
        compute="_compute_marks",
        compute_sudo=True,
        help="There is an earlier statement about the same order.",
    )
    is_outside = fields.Boolean(
        string="Not offered",
        compute="_compute_marks",
        compute_sudo=True,
        help="By the settings, customers are not offered the withdrawal function for this order,"
        " because of its document type, the customer's country, or because the customer is a"
        " company.",
    )
    refund_due = fields.Date(
        string="Refund due on",
        compute="_compute_refund_due",
        store=True,
        precompute=True,
        compute_sudo=True,
        help="Fourteen days after receipt.",
    )
    is_refund_overdue = fields.Boolean(
        string="Refund overdue",
        compute="_compute_is_refund_overdue",
        search="_search_is_refund_overdue",
    )
    needs_matching = fields.Boolean(
        string="To be matched",
        compute="_compute_needs_matching",
        search="_search_needs_matching",
        help="Nobody knows for certain which order is meant.",
    )
    has_failed_mail = fields.Boolean(
        string="E-mail failed",
        compute="_compute_has_failed_mail",
        search="_search_has_failed_mail",
        compute_sudo=True,
        help="An e-mail did not reach the customer, and nobody has looked after it.",
    )
    needs_attention = fields.Boolean(
        compute="_compute_needs_attention", search="_search_needs_attention"
    )
    likely_order_ids = fields.Many2many(
        comodel_name="sale.order", string="Likely orders", compute="_compute_likely_order_ids"
    )
    received_on_words = fields.Char(compute="_compute_received_on_words", compute_sudo=True)
    fact_ids = fields.One2many(
        comodel_name="sale.order.line",
        string="Ordered, delivered, invoiced",
        compute="_compute_fact_ids",
    )
    has_goods_out = fields.Boolean(compute="_compute_has_goods_out", compute_sudo=True)
    has_invoices = fields.Boolean(compute="_compute_has_goods_out", compute_sudo=True)
    can_return = fields.Boolean(compute="_compute_can_return", compute_sudo=True)
    order_state = fields.Selection(related="order_id.state", string="State of the order")

    # === COMPUTE METHODS === #

    # Deliveries are seen by the quantities, holidays by no field.
    @api.depends(
        "received_at",
        "sent_on",
        "order_id.date_order",
        "order_id.order_line.qty_delivered",
        "order_id.partner_id.country_id",
        "order_id.company_id.withdrawal_days",
    )
    def _compute_deadline(self):
        deadlines = self.order_id._get_withdrawal_deadlines()
        for withdrawal in self:
            found = deadlines.get(withdrawal.order_id)
            withdrawal.deadline = found and found.last_day
            withdrawal.deadline_words = found and withdrawal._explain_deadline(found)
            withdrawal.is_late = bool(found) and withdrawal._is_after(found)

    def _is_after(self, found):
        """Whether the statement came too late: by Article 11(2), when it was sent is what counts.

        :param Deadline found: of the order
        """
        if self.sent_on:
            return found.last_day is not None and self.sent_on > found.last_day
        return found.is_over(self.received_at)

    def _explain_deadline(self, found):
        """Return in words how a deadline comes about.

        :param Deadline found: of the order
        """
        if found.last_day is None:
            return self.env._("Goods are still to come, so the period has not begun.")
        day = format_date(self.env, found.first_day)
        begin = (
            self.env._("The last goods were delivered on %(day)s.", day=day)
            if found.event == "delivery"
            else self.env._(
                "The order was placed on %(day)s; no delivery of goods is known.", day=day
            )
        )
        words = [
            begin,
            self.env._(
                "The period of %(days)s days ends with the last whole day in the time zone"
                " %(zone)s.",
                days=found.days,
                zone=found.zone,
            ),
        ]
        if found.moved_over:
            days = ", ".join(format_date(self.env, day) for day in found.moved_over)
            words.append(
                self.env._("It does not end on a weekend or holiday (%(days)s).", days=days)
            )
        return " ".join(words)

    @api.depends(
        "line_ids.order_line_id",
        "order_id.document_type",
        "order_id.order_line.product_id.product_tmpl_id.withdrawal_exception",
    )
    def _compute_marks(self):
        earlier = self._find_repeats()
        for withdrawal in self:
            lines = withdrawal._get_withdrawn_lines()
            words = lines.product_id.product_tmpl_id._describe_withdrawal_exceptions()
            withdrawal.has_exception = bool(words)
            withdrawal.exception_words = "\n".join(words)
            withdrawal.is_repeat = withdrawal.id in earlier
            order = withdrawal.order_id
            withdrawal.is_outside = bool(order) and not order._has_withdrawal_right()

    def _find_repeats(self):
        """Return the ids of those of these statements that an earlier one precedes."""
        siblings = self.search(
            [("order_id", "in", self.order_id.ids), ("state", "!=", "declined")], order="id"
        )
        first = {}
        for sibling in siblings:
            first.setdefault(sibling.order_id, sibling.id)
        return {
            withdrawal.id
            for withdrawal in self
            if first.get(withdrawal.order_id, withdrawal.id) != withdrawal.id
        }

    @api.depends("received_at", "company_id")
    def _compute_refund_due(self):
        for withdrawal in self:
            received = withdrawal.received_at or fields.Datetime.now()
            day = day_of(received, withdrawal._get_zone())
            withdrawal.refund_due = go_on(day, REFUND_TIME)

    def _get_zone(self):
        """Return the time zone in which days are counted: that of the page, else the company's."""
        # The company is asked only where the page says nothing.
        zone = get_zone(False, self.tz, default="")
        return zone or get_zone(False, self.company_id.partner_id.tz)

    @api.model
    def _get_overdue_domain(self):
        """Return the domain of statements whose money should be back by now."""
        return (
            Domain("state", "in", ("received", "accepted"))
            & Domain("refund_due", "<", fields.Date.context_today(self))
            & (Domain("is_verified", "=", True) | Domain("is_matched", "=", True))
        )

    @api.model
    def _get_unmatched_domain(self):
        """Return the domain of statements whose order nobody knows for certain."""
        return (
            Domain("state", "=", "received")
            & Domain("is_verified", "=", False)
            & Domain("is_matched", "=", False)
        )

    @api.depends("state", "refund_due", "is_verified", "is_matched")
    def _compute_is_refund_overdue(self):
        overdue = self.filtered_domain(self._get_overdue_domain())
        for withdrawal in self:
            withdrawal.is_refund_overdue = withdrawal in overdue

    def _search_is_refund_overdue(self, operator, value):
        return self._search_by(self._get_overdue_domain(), operator, value)

    @api.depends("state", "is_verified", "is_matched")
    def _compute_needs_matching(self):
        unmatched = self.filtered_domain(self._get_unmatched_domain())
        for withdrawal in self:
            withdrawal.needs_matching = withdrawal in unmatched

    def _search_needs_matching(self, operator, value):
        return self._search_by(self._get_unmatched_domain(), operator, value)

    @api.depends("state", "mail_ids.mail_state", "mail_ids.is_mail_handled")
    def _compute_has_failed_mail(self):
        for withdrawal in self:
            withdrawal.has_failed_mail = bool(withdrawal.mail_ids.filtered_domain(FAILED))

    def _search_has_failed_mail(self, operator, value):
        return self._search_by(Domain("mail_ids", "any", FAILED), operator, value)

    @api.depends("is_refund_overdue", "needs_matching", "has_failed_mail")
    def _compute_needs_attention(self):
        for withdrawal in self:
            withdrawal.needs_attention = (
                withdrawal.is_refund_overdue
                or withdrawal.needs_matching
                or withdrawal.has_failed_mail
            )

    def _search_needs_attention(self, operator, value):
        domain = self._get_overdue_domain() | self._get_unmatched_domain()
        return self._search_by(domain | Domain("mail_ids", "any", FAILED), operator, value)

    @api.model
    def _search_by(self, domain, operator, value):
        if operator != "in":
            return NotImplemented
        return (domain if True in value else Domain.FALSE) | (
            ~domain if False in value else Domain.FALSE
        )

    @api.depends("order_reference", "email", "partner_name", "state", "is_verified", "is_matched")
    def _compute_likely_order_ids(self):
        """What was declined as nobody's can be matched after all, see `action_match`."""
        for withdrawal in self:  # one record a time: shown in a form only
            is_nobodys = withdrawal.state == "declined" and not (
                withdrawal.is_verified or withdrawal.is_matched
            )
            withdrawal.likely_order_ids = (withdrawal.needs_matching or is_nobodys) and (
                withdrawal._get_likely_orders()
            )

    @api.depends("received_at", "tz")
    @api.depends_context("lang")
    def _compute_received_on_words(self):
        for withdrawal in self:
            withdrawal.received_on_words = (
                withdrawal.received_at and withdrawal._format_received_on()
            )

    @api.depends("order_id")
    def _compute_fact_ids(self):
        for withdrawal in self:
            withdrawal.fact_ids = withdrawal.order_id.order_line.filtered(
                lambda line: not line.display_type
            )

    @api.depends(
        "order_id.order_line.qty_delivered", "order_id.order_line.invoice_lines.move_id.state"
    )
    def _compute_has_goods_out(self):
        """Whether the buttons for return and refund have anything to work on."""
        for withdrawal in self:
            order = withdrawal.order_id
            withdrawal.has_goods_out = bool(order) and order._has_left_house()
            withdrawal.has_invoices = bool(withdrawal._get_bills())

    def _compute_can_return(self):
        """Whether the button of the return transfer has goods that it can bring back.

        Hook: addons that know of transfers say so.
        """
        self.can_return = False

    # === WHAT IS WITHDRAWN === #

    def _get_withdrawn_lines(self):
        """Return the articles that are withdrawn from.

        :rtype: sale.order.line
        """
        self.ensure_one()
        if self.line_ids:
            return self.line_ids.order_line_id
        return self.order_id.order_line._filter_withdrawable()

    def _get_withdrawn_quantities(self):
        """Return the quantity that is withdrawn of each article, at most what was ordered.

        When the customer declared: a clerk may lower the order by what he has accepted.

        :return: ``{sale.order.line: quantity}`` in the unit of the line
        """
        self.ensure_one()
        if not self.line_ids:
            return {line: line.product_uom_qty for line in self._get_withdrawn_lines()}
        quantities = {}
        for declared in self.line_ids.filtered("order_line_id"):
            line = declared.order_line_id
            ordered = max(declared.ordered_quantity, line.product_uom_qty)
            quantities[line] = min(quantities.get(line, 0) + declared.quantity, ordered)
        return quantities

    def _get_kept_quantities(self):
        """Return what the customer keeps of the articles of which the order was lowered since.

        A clerk may lower it by what was withdrawn before the rest is shipped and invoiced: then
        that rest is none of it. What others have withdrawn of the rest is not kept, though.

        :return: ``{sale.order.line: quantity}`` in the unit of the line
        """
        self.ensure_one()
        if self._is_order_covered():
            return {}
        withdrawn, ordered = (self | self._get_answered_siblings())._sum_up_declared()
        return {
            line: min(line.product_uom_qty, max(ordered[line] - withdrawn[line], 0))
            for line in self.line_ids.order_line_id
            if line.product_uom_id.compare(line.product_uom_qty, ordered[line]) < 0
        }

    def _sum_up_declared(self):
        """Return what these statements name of each article, and what was ordered of it then.

        :return: two ``{sale.order.line: quantity}``, in the unit of the line
        """
        withdrawn, ordered = defaultdict(float), defaultdict(float)
        for declared in self.line_ids:
            line = declared.order_line_id
            withdrawn[line] += declared.quantity
            ordered[line] = max(ordered[line], declared.ordered_quantity)
        return withdrawn, ordered

    def _is_order_covered(self):
        """Whether the customer keeps nothing of the order, by this statement and those before it.

        Who withdraws in two parts has withdrawn from the contract as well as who says it at once:
        the order ends, and its delivery is refunded (Article 13(1)).
        """
        self.ensure_one()
        statements = self | self._get_answered_siblings()
        if not all(statement.line_ids for statement in statements):
            return True
        withdrawn, ordered = statements._sum_up_declared()
        # An order that was lowered by the first part is not covered by that part once more.
        return all(
            line.product_uom_id.compare(withdrawn[line], max(ordered[line], line.product_uom_qty))
            >= 0
            for line in self.order_id.order_line._filter_withdrawable()
        )

    def _get_answered_siblings(self):
        """Return the other statements about the order that a clerk has accepted or credited.

        One that is only received may be a repeat of this one, and counts for nothing yet.
        """
        siblings = self.search(
            [
                ("order_id", "=", self.order_id.id),
                ("id", "not in", self.ids),
                ("state", "!=", "declined"),
            ]
        )
        return siblings.filtered(
            lambda statement: (
                statement.state in ("accepted", "done")
                or any(note.state != "cancel" for note in statement.credit_note_ids)
            )
        )

    # === PAPER === #

    def _format_quantity(self, quantity):
        return format_quantity(self.env, quantity)

    def _get_reader_lang(self):
        """Return the language of papers and e-mails of this statement: its own, while in use."""
        self.ensure_one()
        return get_active_lang(self.env, self.lang)

    def _get_mail_subject(self, kind="received"):
        self.ensure_one()
        if kind == "declined":
            return self.env._("Your withdrawal %(number)s", number=self.name)
        if kind == "accepted":
            return self.env._("Your withdrawal %(number)s is accepted", number=self.name)
        return self.env._(
            "We have received your statement of withdrawal (%(number)s)", number=self.name
        )

    def _make_receipt_pdf(self):
        """Return the receipt as an attachment of the statement, made once and language.

        :rtype: ir.attachment
        """
        self.ensure_one()
        name = self.env._("Withdrawal %(number)s.pdf", number=self.name.replace("/", "-"))
        report = self.env["ir.actions.report"]
        content, _type = report._render_qweb_pdf(
            "order_withdrawal.report_withdrawal_receipt_action", self.ids
        )
        return self.env["ir.attachment"].create(
            {"name": name, "raw": content, "res_model": self._name, "res_id": self.id}
        )
