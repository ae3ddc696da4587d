import logging

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.order_status_flags.status_change import StatusChange

_logger = logging.getLogger(__name__)

SET_STATUS, SET_FLAG = "set_order_status", "set_order_flag"


class IrActionsServer(models.Model):
    """Actions that set an order's status or flag, through the writer."""

    _inherit = "ir.actions.server"

    state = fields.Selection(
        selection_add=[
            (SET_STATUS, "Set order status"),
            (SET_FLAG, "Set flag"),
            ("code",),
        ],
        ondelete={SET_STATUS: "cascade", SET_FLAG: "cascade"},
    )
    order_status_id = fields.Many2one(
        comodel_name="sale.order.status", string="Order status to set", ondelete="restrict"
    )
    order_flag_id = fields.Many2one(
        comodel_name="sale.order.flag", string="Flag to set", ondelete="restrict"
    )
    order_status_notify = fields.Boolean(
        string="Tell the customer",
        default=True,
        help="Off: the customer gets no e-mail about this change.",
    )

    def write(self, vals):
        """Override of `base` to name and judge anew what sets something else."""
        res = super().write(vals)
        if not {"order_status_id", "order_flag_id"}.isdisjoint(vals):
            self.invalidate_recordset(["warning"], flush=False)
            self._compute_name()
        return res

    @api.onchange("order_status_id", "order_flag_id")
    def _onchange_order_status(self):
        """Name the action after what it sets, and look at it.

        Not by dependencies of Odoo's own fields: when this addon goes, Odoo deletes with our fields
        those of scheduled actions that inherit what depends on them.
        """
        self._compute_name()
        self._compute_warning()

    def _get_warning_messages(self):
        """Override of `base` to warn of an action that could set nothing."""
        warnings = super()._get_warning_messages()
        if self.state not in (SET_STATUS, SET_FLAG):
            return warnings
        if self.model_id.model != "sale.order":
            warnings.append(self.env._("Statuses and flags can only be set on sales orders."))
        if not self._get_wish():
            warnings.append(self.env._("Choose the status or the flag to set."))
        return warnings

    def _generate_action_name(self):
        """Override of `base` to name the action after what it sets."""
        if self.state == SET_STATUS and self.order_status_id:
            return self.env._("Set order status: %s", self.order_status_id.name)
        if self.state == SET_FLAG and self.order_flag_id:
            return self.env._("Set flag: %s", self.order_flag_id.name)
        return super()._generate_action_name()

    def _get_wish(self):
        """Return what a ``StatusChange`` of this action asks for, nothing when it is not chosen.

        :rtype: dict
        """
        if self.state == SET_STATUS:
            return {"status": self.order_status_id} if self.order_status_id else {}
        return {"flag": self.order_flag_id} if self.order_flag_id else {}

    def _run_action_set_order_status_multi(self, eval_context=None):
        """Set the order status of the records of this action.

        :param dict eval_context: has the records
        """
        self._set_on_orders(eval_context)

    def _run_action_set_order_flag_multi(self, eval_context=None):
        """Set the flag of the records of this action.

        :param dict eval_context: has the records
        """
        self._set_on_orders(eval_context)

    def _set_on_orders(self, eval_context):
        """Go through the writer: its lock, its rules, one row of the history.

        What it refuses is an error for who runs the action by hand, and words on the order where a
        rule runs it: no rule stops a payment or a delivery.
        """
        orders = eval_context.get("records") or eval_context.get("record")
        if not orders:
            return
        # What Odoo keeps there of a rule has the rule for a key, which no RPC call can bring along.
        done = self.env.context.get("__action_done") or ()
        is_rule = any(isinstance(key, models.BaseModel) for key in done)
        orders._lock_for_status_change()
        changes = [StatusChange(order, **self._get_wish()) for order in orders]
        # Who may set a flag by hand does not bind a rule, which an administrator has made.
        plan = orders._plan_status_changes(changes, check_groups=not is_rule)
        if plan.refused and not is_rule:
            raise UserError("\n".join(dict.fromkeys(change.message for change in plan.refused)))
        for change in plan.refused:
            self._tell_refused(change)
        orders._apply_status_changes(changes, source="event", notify=self.order_status_notify)

    def _tell_refused(self, change):
        rule = self.base_automation_id.name or self.name
        _logger.info("Automation rule %s: %s", rule, change.message)
        # sudo: whoever caused the rule may not write on the order
        change.order.sudo()._message_log(
            body=self.env._(
                "The automation rule “%(rule)s” could do nothing: %(reason)s",
                rule=rule,
                reason=change.message,
            )
        )
