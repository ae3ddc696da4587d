from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.order_status_flags.status_change import KEEP, StatusChange

from ..feed_row import SETTLED


class OrderFlagFeedApply(models.TransientModel):
    """Brings the orders that have a flag in the ERP into line with a changed mapping.

    The orders are those whose newest change from the feed carries the flag, as the log
    knows it, be it that the flag was still unknown then.
    """

    _name = "order.flag.feed.apply"
    _description = "Apply a Mapping to Orders"

    mapping_id = fields.Many2one(
        comodel_name="order.flag.feed.mapping", required=True, ondelete="cascade"
    )
    # By the user's rights: the wizard takes any id that a client sends.
    feed_id = fields.Many2one(related="mapping_id.feed_id", related_sudo=False)
    external_flag = fields.Char(related="mapping_id.external_flag", related_sudo=False)
    flag_id = fields.Many2one(related="mapping_id.flag_id", related_sudo=False)
    notify = fields.Boolean(string="Mail the customers", default=True)
    order_count = fields.Integer(string="Orders with this flag", compute="_compute_preview")
    change_count = fields.Integer(string="Will change", compute="_compute_preview")
    unchanged_count = fields.Integer(string="Are so already", compute="_compute_preview")
    refused_count = fields.Integer(string="Cannot change", compute="_compute_preview")
    mail_count = fields.Integer(string="Customers to be mailed", compute="_compute_preview")
    refusals = fields.Text(compute="_compute_preview")

    @api.depends("mapping_id", "notify")
    def _compute_preview(self):
        for wizard in self:
            plan = wizard._plan_changes()
            feed = wizard._get_acting_feed()
            wizard.order_count = len(plan.changes)
            wizard.change_count = len(plan.to_apply)
            wizard.unchanged_count = len(plan.unchanged)
            wizard.refused_count = len(plan.refused)
            wizard.mail_count = len(feed._get_mailed_customers(plan))
            wizard.refusals = "\n".join(change.message for change in plan.refused[:20])

    def action_apply(self):
        """Set the flag on the orders that can take it; the others are left as they are.

        :return: a notification that says how many orders changed
        :raise AccessError: without write access to the feed
        :raise UserError: when somebody else is changing one of the orders, or none would change
        """
        self.ensure_one()
        self.feed_id.check_access("write")
        feed = self._get_acting_feed()
        orders = self._find_notes()
        feed.env["sale.order"].browse(orders)._lock_for_status_change()
        changed = feed.env["sale.order"].with_context(order_flag_feed=feed)
        changed = changed._apply_status_changes(
            self._plan_changes().to_apply, source="feed", notify=self.notify
        )
        if not changed:
            raise UserError(self.env._("No order would change."))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("Orders changed: %(count)s.", count=len(changed)),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _get_acting_feed(self):
        """Return the feed as it acts on a push (sudo): its rules count, not the user's."""
        return self.feed_id._in_own_context()

    def _plan_changes(self):
        notes = self._find_notes()
        orders = self._get_acting_feed().env["sale.order"].browse(notes)
        changes = [
            # sudo: the orders are the feed's, see `_get_acting_feed`, and so is the flag
            StatusChange(order, flag=self.flag_id.sudo(), flag_note=notes[order.id] or KEEP)
            for order in orders
        ]
        return orders._plan_status_changes(changes, check_groups=False)

    def _find_notes(self):
        """Return ``{order id: note in the ERP}`` of the orders that have the flag there."""
        self.ensure_one()
        self.feed_id.check_access("read")
        self.env["order.flag.feed.log"].flush_model()
        self.env.cr.execute(
            """
            SELECT order_id, note
              FROM (
                    SELECT DISTINCT ON (log.order_id) log.order_id, log.external_flag, log.note
                      FROM order_flag_feed_log log
                      JOIN sale_order so ON so.id = log.order_id AND so.company_id = %s
                     WHERE log.feed_id = %s AND log.result IN %s AND log.document_kind IS NULL
                  ORDER BY log.order_id, log.changed_at DESC, log.id DESC
                   ) newest
             WHERE TRIM(external_flag) = %s
          ORDER BY order_id
            """,
            [
                self.feed_id.company_id.id,
                self.feed_id.id,
                (*SETTLED, "unknown_flag"),
                self.external_flag,
            ],
        )
        return dict(self.env.cr.fetchall())
