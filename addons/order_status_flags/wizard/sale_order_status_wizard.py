from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..status_change import KEEP, StatusChange

# How many refused orders and customers the preview names before it only counts.
PREVIEW_LIMIT = 50


class SaleOrderStatusWizard(models.TransientModel):
    """Change the status, or set the flag, of many orders at once, after a preview.

    The preview plans the changes and writes nothing: how many orders change, which are
    refused and why, who is mailed. Applying changes all the others and leaves the refused
    ones alone: a clerk with 200 orders should not have to pick out the three that cannot.
    Nothing is left out that the clerk has not seen: when an order is refused that the
    preview did not name, nothing is changed and the new preview is shown.
    """

    _name = "sale.order.status.wizard"
    _description = "Change Status / Set Flag"

    order_ids = fields.Many2many(
        comodel_name="sale.order",
        string="Orders",
        required=True,
        default=lambda self: self._default_order_ids(),
    )
    order_count = fields.Integer(compute="_compute_order_count")
    action = fields.Selection(
        selection=[
            ("flag", "Set a flag"),
            ("clear_flag", "Clear the flag"),
            ("status", "Set a status"),
        ],
        string="What to do",
        required=True,
        default="flag",
    )
    status_id = fields.Many2one(comodel_name="sale.order.status")
    flag_id = fields.Many2one(comodel_name="sale.order.flag")
    available_status_ids = fields.Many2many(
        comodel_name="sale.order.status", compute="_compute_available"
    )
    available_flag_ids = fields.Many2many(
        comodel_name="sale.order.flag", compute="_compute_available"
    )
    note = fields.Text(help="Internal: customers never see it.")
    no_email = fields.Boolean(
        string="No e-mail", help="The customers are not told about this change."
    )
    force = fields.Boolean(
        help="Set the status even where “May be followed by” does not allow it. The status"
        " history records that it was forced."
    )

    # Stored, so that applying can compare what the clerk saw with what is true by then, and
    # not computed in sudo: nobody previews orders that they may not read.
    apply_count = fields.Integer(compute="_compute_preview", store=True, compute_sudo=False)
    unchanged_count = fields.Integer(compute="_compute_preview", store=True, compute_sudo=False)
    refused_count = fields.Integer(compute="_compute_preview", store=True, compute_sudo=False)
    mail_count = fields.Integer(compute="_compute_preview", store=True, compute_sudo=False)
    cancel_count = fields.Integer(compute="_compute_preview", store=True, compute_sudo=False)
    refused_list = fields.Html(compute="_compute_preview", store=True, compute_sudo=False)
    mail_list = fields.Html(compute="_compute_preview", store=True, compute_sudo=False)
    refused_ids = fields.Char(compute="_compute_preview", store=True, compute_sudo=False)
    # What the dialog showed, which it sends back; a field of its own compute method, since
    # a value for one field keeps Odoo from computing the others of the same method.
    refused_seen = fields.Char(compute="_compute_refused_seen", store=True, readonly=False)
    is_outdated = fields.Boolean(help="Orders were changed by somebody else since the preview.")

    # === DEFAULT METHODS === #

    @api.model
    def _default_order_ids(self):
        if self.env.context.get("active_model") != "sale.order":
            return False
        return self.env.context.get("active_ids")

    # === COMPUTE METHODS === #

    @api.depends("order_ids")
    def _compute_order_count(self):
        for wizard in self:
            wizard.order_count = len(wizard.order_ids)

    @api.depends("order_ids")
    def _compute_available(self):
        for wizard in self:
            orders = wizard.order_ids._origin._filtered_access("read")
            statuses = self.env["sale.order.status"].search(orders._get_codebook_domain())
            # One order of each kind stands for all of its kind.
            kinds = {(order.document_type, order.company_id): order for order in orders}.values()
            wizard.available_status_ids = statuses.filtered(
                lambda status, kinds=kinds: any(status._fits(order) for order in kinds)
            )
            wizard.available_flag_ids = orders._get_movable_flags().filtered(
                lambda flag, kinds=kinds: any(flag._fits(order) for order in kinds)
            )

    @api.depends("order_ids", "action", "status_id", "flag_id", "note", "no_email", "force")
    def _compute_preview(self):
        for wizard in self:
            plan = wizard._plan_changes()
            mailed = plan.get_mail_recipients(notify=not wizard.no_email)
            wizard.apply_count = len(plan.to_apply)
            wizard.unchanged_count = len(plan.unchanged)
            wizard.refused_count = len(plan.refused)
            wizard.refused_ids = ",".join(str(change.order.id) for change in plan.refused)
            wizard.refused_list = self._format_list(change.message for change in plan.refused)
            wizard.mail_count = sum(map(bool, mailed.values()))
            wizard.mail_list = self._format_list(
                self._describe_recipients(order, found) for order, found in mailed.items()
            )
            wizard.cancel_count = len(plan.orders_to_cancel)

    @api.depends("refused_ids")
    def _compute_refused_seen(self):
        for wizard in self:
            wizard.refused_seen = wizard.refused_ids

    # === ACTION METHODS === #

    def action_apply(self):
        """Change the orders that can be changed, and leave alone those the preview refused.

        :return: an action: the result as a notification, or this dialog again when orders
            are refused that the preview did not name (nothing is changed then)
        :raise UserError: when nothing is chosen, or not one order can be changed
        :raise AccessError: without write access to one of the orders, or ``force`` without
            being a status manager
        """
        self.ensure_one()
        orders = self.order_ids
        if not orders:
            raise UserError(self.env._("Select at least one order first."))
        orders.check_access("write")
        if self.force:
            orders._check_may_force()
        orders._lock_for_status_change()
        plan = self._plan_changes()
        if not plan.changes:
            raise UserError(self.env._("Choose a status or a flag first."))
        refused = plan.refused
        if {str(change.order.id) for change in refused} - set((self.refused_seen or "").split(",")):
            return self._show_new_preview()
        if len(refused) == len(plan.changes):
            raise UserError("\n".join(dict.fromkeys(change.message for change in refused[:10])))
        changed = orders._apply_status_changes(
            plan.to_apply,
            source="manual" if self.action == "status" else "flag",
            notify=not self.no_email,
            force=self.force,
        )
        return self._show_result(len(changed), len(refused))

    # === BUSINESS METHODS === #

    def _plan_changes(self):
        """Return the plan of what the clerk chose, empty while nothing is chosen. No writes.

        :rtype: StatusPlan
        """
        self.ensure_one()
        orders = self.order_ids._origin
        # The form is computed for any ids that a client sends.
        orders.check_access("read")
        wish = self._prepare_wish()
        # Whoever may not force gets the refusals, not an error while filling the form.
        force = self.force and orders._may_force_status()
        changes = [StatusChange(order, **wish) for order in orders if wish]
        return orders._plan_status_changes(changes, force=force)

    def _prepare_wish(self):
        note = self.env["sale.order"]._clean_note(self.note)
        if self.action == "status":
            return self.status_id and {"status": self.status_id, "note": note}
        if self.action == "clear_flag":
            return {"flag": self.env["sale.order.flag"], "note": note}
        return self.flag_id and {"flag": self.flag_id, "flag_note": note or KEEP}

    def _describe_recipients(self, order, recipients):
        if recipients:
            return f"{order.name}: {', '.join(recipients)}"
        return self.env._(
            "%(order)s: %(customer)s has no e-mail address",
            order=order.name,
            # sudo: who is mailed is told even where a colleague's customer is not readable
            customer=order.sudo().partner_id.display_name,
        )

    @api.model
    def _format_list(self, texts):
        texts = list(texts)
        shown = texts[:PREVIEW_LIMIT]
        if len(texts) > PREVIEW_LIMIT:
            shown.append(self.env._("… and %(count)s more", count=len(texts) - PREVIEW_LIMIT))
        items = Markup().join(Markup("<li>%s</li>") % text for text in shown)
        return items and Markup("<ul class='mb-0'>%s</ul>") % items

    def _show_new_preview(self):
        self.is_outdated = True
        self._compute_preview()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Change Status / Set Flag"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def _show_result(self, changed, refused):
        message = self.env._("Orders changed: %(count)s.", count=changed)
        if refused:
            message += " " + self.env._("Left as they were: %(count)s.", count=refused)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if refused else "success",
                "message": message,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
