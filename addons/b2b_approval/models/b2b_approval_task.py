from odoo import api, fields, models

from odoo.addons.b2b_account import rights


class B2bApprovalTask(models.Model):
    """A step of a request: asked at the request, and decided by one of its members.

    Tasks of the same sequence are open side by side, those of a later one wait. Who may decide is
    asked live: colleagues leave, and lose rights.
    """

    _name = "b2b.approval.task"
    _description = "B2B approval: step of a request"
    _order = "sequence, id"

    approval_id = fields.Many2one(
        comodel_name="b2b.approval", required=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(required=True)
    step_id = fields.Many2one(
        comodel_name="b2b.approval.step", string="Step of a rule", ondelete="set null"
    )
    reason = fields.Char()
    is_for_any = fields.Boolean(
        string="Anybody who may approve", help="No rule names a person for this."
    )
    member_ids = fields.Many2many(comodel_name="b2b.member", string="Who decides")
    decision_id = fields.Many2one(
        comodel_name="b2b.approval.decision", index="btree_not_null", ondelete="restrict"
    )

    is_open = fields.Boolean(
        string="To be decided now",
        compute="_compute_is_open",
        store=True,
        help="What waits for somebody is searched by it, however much was decided.",
    )

    _open_idx = models.Index("(approval_id) WHERE is_open")

    # === COMPUTE METHODS === #

    @api.depends(
        "approval_id.state",
        "approval_id.task_ids.sequence",
        "approval_id.task_ids.decision_id",
    )
    def _compute_is_open(self):
        for approval in self.approval_id:
            tasks = self & approval.task_ids
            current = approval._get_current_tasks() if approval.state == "pending" else tasks[:0]
            (tasks & current).is_open = True
            (tasks - current).is_open = False

    # === DECIDERS === #

    def _get_keys(self):
        """Return what makes these the same question as a step that the rules name, see `AskedStep`.

        :return: by the members at the request, and by those of the rule's step today
        :rtype: set
        """
        keys = set()
        for task in self:
            if task.is_for_any:
                keys.add((task.sequence, None))
                continue
            keys.add((task.sequence, tuple(sorted(task.member_ids.ids))))
            keys.add((task.sequence, tuple(sorted(task.step_id.member_ids.ids))))
        return keys

    def _get_deciders(self):
        """Return who may decide this task now, and for whom.

        The members who are still there and may approve, and the deputies of those who are away;
        the company's administrators when nobody is left.

        :return: `{b2b.member: the member stood in for, empty for oneself}`
        :rtype: dict
        """
        self.ensure_one()
        # sudo: who decides is found whoever asks
        approval = self.approval_id.sudo()
        return self._resolve(
            approval.order_id,
            approval.requested_by_id,
            self.sudo().member_ids,  # sudo: as above
            self.is_for_any,
        )

    def _resolve(self, order, requester, members, is_for_any):
        """Return who decides a step, see `_get_deciders`; also before there is a request.

        :param sale.order order: in sudo mode
        :param res.partner requester: in sudo mode
        :param b2b.member members: of the step
        :param bool is_for_any: whether anybody may decide it who may approve
        :rtype: dict
        """
        company = order.b2b_customer_id
        own_too = company.b2b_approve_own
        # Read with the company, and no search: the same for the requests of all customers.
        colleagues = company.sudo().b2b_member_ids  # sudo: as `members`
        base = colleagues if is_for_any else members & colleagues
        base = base.filtered(lambda one: rights.APPROVE in one._get_rights())
        base = base._filter_deciding(requester, own_too)
        if not base:
            base = colleagues.filtered("is_administrator")._filter_deciding(requester, own_too)
        day = self.env["b2b.agreement"]._get_today(order.company_id)
        deciders = {member: member.browse() for member in base}
        for member in base.filtered(lambda one: one.deputy_id and one._is_away(day)):
            for deputy in member.deputy_id._filter_deciding(requester, own_too):
                deciders.setdefault(deputy, member)
        return deciders
