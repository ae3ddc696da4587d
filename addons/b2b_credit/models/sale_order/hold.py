from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from odoo.addons.order_status_flags.typed_text import clean_text

# The key to the hold. An object and no flag, so that no RPC call can bring it in its context.
HOLD = object()
# Held and released by the checkout and the button only. Names, and no look at each name: all
# fields of an order come by, for each order that is made.
HOLD_FIELDS = {
    "b2b_credit_hold",
    "b2b_credit_hold_reason",
    "b2b_credit_released_by_id",
    "b2b_credit_released_on",
    "b2b_credit_release_reason",
}


class SaleOrder(models.Model):
    """Hold: an order above the credit limit waits until a salesperson releases it."""

    _inherit = "sale.order"

    b2b_credit_hold = fields.Boolean(
        string="Credit hold",
        copy=False,
        readonly=True,
        groups="base.group_user",
        help="The order exceeds the customer's credit: it cannot be confirmed until released.",
    )
    b2b_credit_hold_reason = fields.Text(
        string="Held because", copy=False, readonly=True, groups="base.group_user"
    )
    b2b_credit_released_by_id = fields.Many2one(
        "res.users", string="Released by", copy=False, readonly=True, groups="base.group_user"
    )
    b2b_credit_released_on = fields.Datetime(
        string="Released on", copy=False, readonly=True, groups="base.group_user"
    )
    b2b_credit_release_reason = fields.Char(
        string="Released because", copy=False, readonly=True, groups="base.group_user"
    )
    status_attention = fields.Selection(selection_add=[("credit_hold", "Credit hold")])

    # By Odoo's words for "is held"; an index of what is not empty would not be used.
    _b2b_credit_held_idx = models.Index("(id) WHERE b2b_credit_hold IS TRUE")

    # === COMPUTE METHODS === #

    @api.depends("b2b_credit_hold")
    def _compute_status_attention(self):
        """Override of `order_status_flags` to follow the hold."""
        return super()._compute_status_attention()

    def _get_attention_reasons(self):
        """Override of `order_status_flags` to add held orders, after customers who want to cancel:
        there may be nothing to release."""
        reasons = super()._get_attention_reasons()
        first = {key: reasons.pop(key) for key in ("against_rejection", "cancellation")}
        held = self.filtered(lambda order: order._is_b2b_credit_held())
        return {**first, "credit_hold": set(held._origin.ids), **reasons}

    @api.model
    def _get_attention_domains(self):
        """Override of `order_status_flags` to find held orders in *Needs attention*."""
        held = Domain("b2b_credit_hold", "=", True) & Domain("state", "!=", "cancel")
        return {**super()._get_attention_domains(), "credit_hold": held}

    # === CRUD METHODS === #

    @api.model
    def default_get(self, fields):
        """Override of `base` to let no default, of the context or the user's own, release an order
        before it is held."""
        return super().default_get([name for name in fields if name not in HOLD_FIELDS])

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `sale` to hold and release orders by the checkout and the button only."""
        return super().create(
            [{name: vals[name] for name in vals if name not in HOLD_FIELDS} for vals in vals_list]
        )

    def write(self, vals):
        """Override of `sale` to keep held orders from being confirmed by whatever way.

        :raise UserError: for a held order that would be confirmed, or released without its button
        """
        if self.env.context.get("b2b_credit_hold") is not HOLD:
            vals = self._drop_present_values(vals, HOLD_FIELDS)
            self._check_b2b_credit_hold(vals)
        return super().write(vals)

    def _check_b2b_credit_hold(self, vals):
        touched = not HOLD_FIELDS.isdisjoint(vals)
        confirms = vals.get("state") == "sale"
        if not touched and not confirms:
            return
        # Whoever may not write hears that first; the refusal tells how the customer stands.
        self.check_access("write")
        for order in self.sudo():
            if confirms and order._is_b2b_credit_held():
                raise UserError(order._get_b2b_hold_refusal())
            if touched:
                raise UserError(
                    self.env._("Orders are held by the checkout, and released by their button.")
                )

    def _is_b2b_credit_held(self):
        """Whether the order waits for a release.

        :rtype: bool
        """
        self.ensure_one()
        # sudo: asked for whoever confirms
        order = self.sudo()
        return order.b2b_credit_hold and order.state != "cancel"

    # === BUSINESS METHODS === #

    def _confirmation_error_message(self):
        """Override of `sale` to refuse orders that are held."""
        if self._is_b2b_credit_held():
            return self._get_b2b_hold_refusal()
        return super()._confirmation_error_message()

    def _get_b2b_hold_refusal(self):
        # sudo: see `_is_b2b_credit_held`
        return self.env._(
            "%(order)s is held, as it exceeds the customer's credit. Release it first. %(reason)s",
            order=self.name,
            reason=self.sudo().b2b_credit_hold_reason or "",
        )

    def _hold_b2b_credit(self, reason):
        """Hold a placed order, and tell it by the event `credit_hold`.

        :param str reason: for the seller
        """
        self.ensure_one()
        self.with_context(b2b_credit_hold=HOLD).write(
            {"b2b_credit_hold": True, "b2b_credit_hold_reason": reason}
        )
        self.message_post(
            body=self.env._("Held: %(reason)s", reason=reason),
            subtype_xmlid="mail.mt_note",
            message_type="notification",
        )
        self._trigger_status_event("credit_hold")

    def _has_customer_history(self):
        """Override of `order_status_flags` to add quotations that a customer has accepted."""
        return bool(
            super()._has_customer_history() or self.b2b_credit_hold or self.b2b_credit_released_on
        )

    def _forget_b2b_acceptance(self):  # pylint: disable=missing-return
        """Override of `b2b_account`: the hold and the release were of what was accepted."""
        super()._forget_b2b_acceptance()
        looked_at = self.filtered(
            lambda order: order.b2b_credit_hold or order.b2b_credit_released_on
        )
        looked_at.with_context(b2b_credit_hold=HOLD).write(dict.fromkeys(HOLD_FIELDS, False))

    def _forget_former_requests(self):  # pylint: disable=missing-return
        """Override of `order_status_flags`: a release was one for the former customer's credit.

        The next one's is looked at anew when the order is confirmed; the log keeps the reason.
        """
        super()._forget_former_requests()
        if self.b2b_credit_released_on:
            self.with_context(b2b_credit_hold=HOLD).write(
                {
                    "b2b_credit_released_by_id": False,
                    "b2b_credit_released_on": False,
                    "b2b_credit_release_reason": False,
                }
            )

    def action_release_credit_hold(self, reason=False):
        """Release held orders, so that they can be confirmed; the others are left as they are.

        :param str reason: why, for the log
        :return: True
        :raise AccessError: for who is no salesperson, or may not write the order
        """
        if not self.env.user.has_group("sales_team.group_sale_salesman"):
            raise AccessError(self.env._("Only salespeople release orders."))
        self.check_access("write")
        self._lock_for_status_change()
        reason = clean_text(reason, one_line=True)[:500]
        held = self.filtered("b2b_credit_hold")
        held.with_context(b2b_credit_hold=HOLD).write(
            {
                "b2b_credit_hold": False,
                "b2b_credit_released_by_id": self.env.user.id,
                "b2b_credit_released_on": fields.Datetime.now(),
                "b2b_credit_release_reason": reason,
            }
        )
        for order in held:
            order.message_post(
                body=self.env._("Credit released. %(reason)s", reason=reason),
                subtype_xmlid="mail.mt_note",
                message_type="notification",
            )
        return True
