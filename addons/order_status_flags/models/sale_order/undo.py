from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...status_change import StatusChange

# How long whoever changed a status or flag may take it back.
UNDO_TIME = timedelta(seconds=60)
BY_HAND = ("manual", "flag")
EARLIER_FIELDS = [
    *("order_id", "status_id", "previous_status_id", "flag_id", "date", "undone_id"),
    *("mail_state", "mail_kind", "mail_due"),
]


class SaleOrder(models.Model):
    """Order status: taking back what was set by hand a moment ago."""

    _inherit = "sale.order"

    can_undo_status = fields.Boolean(
        compute="_compute_can_undo_status",
        groups="base.group_user",
        help="The user changed status or flag less than a minute ago, and nothing came after.",
    )

    @api.depends("order_status_id", "order_flag_id", "order_flag_note")
    @api.depends_context("uid")
    def _compute_can_undo_status(self):
        # sudo: whether there is anything to undo is asked by whoever looks at the order
        rows = self.sudo()._find_last_changes()
        for order in self:
            row = rows.get(order._origin.id)
            order.can_undo_status = bool(row) and not order.sudo()._get_undo_refusal(row)

    def action_undo_status(self):
        """Take back the last change of status or flag of these orders, or of none of them.

        For whoever made it by hand, within a minute: status, flag, note and waiting e-mail are as
        they were before, and one row of the history says so.

        :return: True
        :raise UserError: when it was somebody else, too long ago, something came after, or the
            customer was mailed already
        :raise AccessError: without write access to the orders
        """
        self.check_access("write")
        self._lock_for_status_change()
        orders = self.sudo()  # sudo: the history is nobody's to read whole; access was checked
        rows = orders._find_last_changes()
        for order in orders:
            if refusal := order._get_undo_refusal(rows.get(order.id)):
                raise UserError(refusal)
        orders._withdraw_for_undo(rows)
        earlier = orders._find_earlier_rows(rows)
        changes = orders._prepare_undo(rows, earlier)
        # `force`, since the way back need not be one that "May be followed by" allows; archived,
        # since an order that was in such a status or had such a flag has it again.
        plan = self._plan_status_changes(changes, force=True, takes_archived=True)
        if plan.refused:
            raise UserError("\n".join(change.message for change in plan.refused))
        self._apply_status_changes(changes, source="manual", notify=False)
        hidden = orders.filtered(lambda order: not order.order_status_id.is_public)
        hidden._show_as_before()
        hidden._await_overtaken_mails(rows, earlier)
        return True

    def _find_last_changes(self):
        """Return the last row of the history of each order (sudo), e-mails aside that are about no
        change: they come by time, or because a stranger asks for the link.

        :return: ``{order id: sale.order.status.history}``
        :rtype: dict
        """
        history = self.env["sale.order.status.history"]
        domain = [("order_id", "in", self.ids), ("mail_kind", "=", False)]
        found = history._read_group(domain, ["order_id"], ["id:max"])
        # One recordset: all of them are read at once.
        return {row.order_id.id: row for row in history.browse(row_id for _order, row_id in found)}

    def _get_undo_refusal(self, row):
        """Return why the last change of this order (sudo) cannot be taken back, or False.

        :param row: the last row of its history
        """
        if not row or row.undone_id:
            return self.env._("There is nothing to undo in %(order)s.", order=self.name)
        if row.user_id != self.env.user or row.source not in BY_HAND:
            return self.env._(
                "%(order)s was changed by somebody else, or by itself, in the meantime. Only your"
                " own last change can be undone.",
                order=self.name,
            )
        if fields.Datetime.now() - row.date > UNDO_TIME:
            return self.env._(
                "It is too late to undo the change of %(order)s: that is possible for a minute."
                " Set the status or flag that it should have.",
                order=self.name,
            )
        if row.mail_state == "sent":
            return self._get_mailed_refusal()
        if self.state == "cancel" and row.flag_id.cancel_order:
            return self.env._(
                "The flag cancelled %(order)s, and that cannot be undone here.", order=self.name
            )
        return False

    def _get_mailed_refusal(self):
        return self.env._(
            "The customer of %(order)s has been told by e-mail already. Set the status or flag"
            " that it should have.",
            order=self.name,
        )

    @api.model
    def _withdraw_for_undo(self, rows):
        """Withdraw the e-mails of the changes.

        :param dict rows: see ``_find_last_changes``
        :raise UserError: when one of them is leaving just now
        """
        waiting = (
            self.env["sale.order.status.history"]
            .union(*rows.values())
            .filtered(lambda row: row.mail_state == "pending" and not row.mail_kind)
        )
        waiting._supersede_mails()
        for row in waiting:
            if row.mail_state == "pending":
                raise UserError(row.order_id._get_mailed_refusal())

    def _find_earlier_rows(self, rows):
        """Return the history of each of these orders (sudo) before its last change.

        :param dict rows: see ``_find_last_changes``
        :return: ``{order id: sale.order.status.history}``, the newest first
        :rtype: dict
        """
        history = self.env["sale.order.status.history"].search_fetch(
            [("order_id", "in", self.ids)], EARLIER_FIELDS, order="id desc"
        )
        # Without what came after the change: an e-mail about none.
        earlier = history.filtered(lambda row: row.id < rows[row.order_id.id].id)
        by_order = earlier.grouped("order_id")
        return {order.id: by_order.get(order, history.browse()) for order in self}

    def _prepare_undo(self, rows, earlier):
        """Return the changes that take back the last one of each of these orders (sudo).

        :param dict rows: see ``_find_last_changes``
        :param dict earlier: see ``_find_earlier_rows``
        :rtype: list[StatusChange]
        """
        return [order._prepare_undo_of(rows[order.id], earlier[order.id]) for order in self]

    def _prepare_undo_of(self, row, earlier):
        """Return the change that takes back the last one of this order (sudo).

        :param row: the last row of its history
        :param earlier: those before, the newest first
        :rtype: StatusChange
        """
        entered = earlier.filtered(
            lambda r: r.status_id == row.previous_status_id and r.status_id != r.previous_status_id
        )[:1]
        changes_status = row.status_id != row.previous_status_id
        # What this change had overtaken is due again; the worker finds out whether it is news. So
        # is what still waits, since an internal status overtook nothing: this one does.
        is_told = changes_status and not entered.mail_kind
        was_waiting = is_told and entered.mail_state in ("superseded", "pending")
        return StatusChange(
            self.sudo(False),
            status=row.previous_status_id,
            flag=earlier[:1].flag_id,
            flag_note=row.previous_flag_note or "",  # False would mean the default note
            note=self.env._("Undone: %(status)s", status=row.flag_id.name or row.status_id.name),
            undoes=row,
            since=changes_status and self._get_since(entered, earlier),
            mail_due=was_waiting and max(entered.mail_due or row.date, fields.Datetime.now()),
        )

    def _show_as_before(self):
        """Have the customer see again what he saw before; an internal status shows nothing."""
        for order in self:
            shown = order._get_customer_timeline()[:1]
            status_id = shown[0]["status"].id if shown else False
            if order.customer_status_id.id != status_id:
                order._write_status_fields({"customer_status_id": status_id})

    def _await_overtaken_mails(self, rows, earlier):
        """Have e-mails wait again that the undone changes had overtaken.

        These orders (sudo) are back in a status that the customer does not see, whose row carries
        no e-mail: what he sees again is told by the row that entered it.

        :param dict rows: see ``_find_last_changes``
        :param dict earlier: see ``_find_earlier_rows``
        """
        overtaken = (
            self._find_overtaken_row(earlier[order.id])
            for order in self
            if rows[order.id]._overtakes_mails()
        )
        self.env["sale.order.status.history"].union(*overtaken)._await_again()

    @api.model
    def _find_overtaken_row(self, earlier):
        """Return the row whose e-mail the change behind these rows had overtaken, empty without.

        It is the one that holds for the customer now; what that one had overtaken stays so.

        :param earlier: the rows before the change, the newest first
        """
        undone = earlier.undone_id
        holds = earlier.filtered(lambda row: row not in undone and row._overtakes_mails())[:1]
        return holds.filtered(lambda row: row.mail_state == "superseded" and not row.mail_kind)

    @api.model
    def _get_since(self, entered, earlier):
        """Return since when the order was in its status before.

        :param entered: the row that entered it
        :param earlier: the rows before the change that is undone, the newest first
        :rtype: datetime
        """
        if entered.undone_id:
            # Taken back to it: since the change by which it first was there.
            entered = earlier.filtered(
                lambda row: (
                    row.id < entered.undone_id.id
                    and row.status_id == entered.status_id
                    and not row.undone_id
                )
            )[:1]
        return entered.date
