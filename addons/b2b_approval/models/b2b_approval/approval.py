from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...context_keys import DECIDING


class B2bApproval(models.Model):
    """A request to approve an order, from the checkout until it is decided.

    What is asked of whom is in its tasks, what was decided in its decisions; both are kept.
    Buyers and approvers act by `approve`, `decline` and `withdraw`, over RPC too, which check by
    themselves: nobody of the customer reads or writes this model.
    """

    _name = "b2b.approval"
    _description = "Request for approval"
    _order = "id desc"
    _rec_name = "order_id"

    order_id = fields.Many2one(
        comodel_name="sale.order", required=True, readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="order_id.company_id", store=True, index=True)
    customer_id = fields.Many2one(
        comodel_name="res.partner",
        compute="_compute_customer_id",
        store=True,
        precompute=True,
        index=True,
        help="Whose request it was, wherever the order goes later.",
    )
    user_id = fields.Many2one(related="order_id.user_id", string="Salesperson")
    amount_untaxed = fields.Monetary(related="order_id.amount_untaxed")
    currency_id = fields.Many2one(related="order_id.currency_id")
    requested_by_id = fields.Many2one(
        comodel_name="res.partner",
        string="Requested by",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    state = fields.Selection(
        selection=[
            ("pending", "Waiting for approval"),
            ("approved", "Approved"),
            ("declined", "Declined"),
            ("withdrawn", "Withdrawn"),
            ("expired", "Expired"),
        ],
        required=True,
        default="pending",
        readonly=True,
        index=True,
    )
    step = fields.Integer(readonly=True, help="Sequence of the steps that are open.")
    task_ids = fields.One2many(
        comodel_name="b2b.approval.task", inverse_name="approval_id", string="Steps"
    )
    decision_ids = fields.One2many(
        comodel_name="b2b.approval.decision", inverse_name="approval_id", string="Decisions"
    )
    # What the list of a customer searches by: it costs the same however old the company is, which
    # the steps of all its requests would not. Who may decide is asked live, see `_get_deciders`.
    asked_member_ids = fields.Many2many(
        comodel_name="b2b.member",
        relation="b2b_approval_asked_rel",
        string="Named by a step",
        compute="_compute_asked",
        store=True,
    )
    is_for_any = fields.Boolean(
        string="Has a step for anybody", compute="_compute_asked", store=True
    )
    expires_on = fields.Datetime(string="Expires", required=True, readonly=True)
    reminder_count = fields.Integer(readonly=True)
    problem = fields.Text(
        string="Not placed because", readonly=True, help="Why it could not be placed the last time."
    )
    statement = fields.Text(readonly=True, help="What the buyer requested, as the checkout said.")
    payment_term_id = fields.Many2one("account.payment.term", readonly=True)

    _order_uniq = models.Constraint("UNIQUE(order_id)", "There is a request for this order.")

    # === COMPUTE METHODS === #

    # Not on the customer of the order, who may be another one once it is placed.
    @api.depends("order_id")
    def _compute_customer_id(self):
        for approval in self:
            approval.customer_id = approval.order_id.b2b_customer_id

    @api.depends("task_ids.member_ids", "task_ids.is_for_any")
    def _compute_asked(self):
        for approval in self:
            approval.asked_member_ids = approval.task_ids.member_ids
            approval.is_for_any = any(approval.task_ids.mapped("is_for_any"))

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `base`: requests are made by the checkout.

        :raise UserError: for everybody else
        """
        self._check_deciding("create")
        return super().create(vals_list)

    def write(self, vals):
        """Override of `base`: requests are changed by decisions.

        :raise UserError: for everybody else
        """
        self._check_deciding("write")
        res = super().write(vals)
        if "state" in vals:  # what is reserved follows from it
            self.env["b2b.budget"].invalidate_model(["reserved", "spent", "left"], flush=False)
        return res

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A request for approval is kept, with what was decided."))

    def _check_deciding(self, operation):
        self.check_access(operation)
        if self.env.context.get("b2b_deciding") is not DECIDING:
            raise UserError(
                self.env._("A request for approval is made, and decided, in the customer's portal.")
            )

    # === REQUEST === #

    @api.model
    def _request(self, order, steps):
        """Make the request of an order, and ask who has to decide first.

        :param sale.order order: in sudo mode; a cart until a moment ago
        :param list steps: `AskedStep`
        :return: the request
        :rtype: b2b.approval
        """
        # sudo: buyers create no requests by themselves, only by a checkout that needs one
        approval = self.sudo().create(
            {
                "order_id": order.id,
                "requested_by_id": order.partner_id.id,
                "expires_on": self._get_expiry(order),
                **self._prepare_statement(order),
            }
        )
        approval._add_tasks(steps)
        approval._open_step()
        return approval

    @api.model
    def _get_expiry(self, order):
        """Return when a request of today expires: with its last day, of which the e-mail speaks.

        Where the buyer is, as his colleagues read it; at the seller's if nobody knows.

        :param sale.order order: in sudo mode
        :rtype: datetime
        """
        days = max(order.company_id.b2b_approval_days, 1)
        zone = order.partner_id.tz or order.company_id.partner_id.tz or "UTC"
        day = self.env["b2b.agreement"]._get_day_in(zone) + timedelta(days=days)
        end = pytz.timezone(zone).localize(datetime.combine(day, time(23, 59, 59)))
        return end.astimezone(pytz.utc).replace(tzinfo=None)

    @api.model
    def _prepare_statement(self, order):
        """Return what is asked for: it counts until somebody accepts something else."""
        return {
            "statement": order._get_b2b_stated().dump(),
            "payment_term_id": order.payment_term_id.id,
        }

    def _add_tasks(self, steps):
        """Ask for more steps.

        :param list steps: `AskedStep`
        """
        # sudo: buyers write nothing here; the steps come from the rules
        self.env["b2b.approval.task"].sudo().create(
            [
                {
                    "approval_id": self.id,
                    "sequence": asked.sequence,
                    "step_id": asked.step.id,
                    "reason": asked.reason,
                    "is_for_any": not asked.step,
                    "member_ids": [(6, 0, asked.step.member_ids.ids)],
                }
                for asked in steps
            ]
        )

    def _get_open_tasks(self):
        """Return the tasks that nobody has decided, of all sequences.

        :rtype: b2b.approval.task
        """
        return self.task_ids.filtered(lambda task: not task.decision_id)

    def _get_current_tasks(self):
        """Return the tasks that are to be decided now, side by side.

        :rtype: b2b.approval.task
        """
        tasks = self._get_open_tasks()
        first = min(tasks.mapped("sequence"), default=0)
        return tasks.filtered(lambda task: task.sequence == first)

    def _get_current_deciders(self):
        """Return who may decide now, on any of the tasks that are open.

        :rtype: b2b.member
        """
        deciders = {}
        for task in self._get_current_tasks():
            deciders |= task._get_deciders()
        # sudo: empty, in the mode of the full ones
        return self.env["b2b.member"].sudo().union(*deciders)

    def _get_unasked(self):
        """Return who may decide now and was not asked when the step began.

        :return: `{b2b.approval: b2b.member}` with each of these requests
        :rtype: dict
        """
        asked = self.env["b2b.approval.notice"]._get_asked_members(self)
        # Read for all of them at once, and asked in memory below.
        self.task_ids.mapped("member_ids")
        self.order_id.b2b_customer_id.b2b_member_ids.mapped("has_login")
        return {one: one._get_current_deciders() - asked[one] for one in self}

    def _open_step(self):
        """Go to the next step and ask its deciders; of a step that goes on, only the new ones."""
        step = self._get_current_tasks()[:1].sequence
        # Of several that are decided side by side, the others are not asked again.
        asked = self._get_unasked()[self] if self.step == step else self._get_current_deciders()
        self.write({"step": step, "problem": False})
        self.env["b2b.approval.notice"]._queue(self, "ask", asked)
