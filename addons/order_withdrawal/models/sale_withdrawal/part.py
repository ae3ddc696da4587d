from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ...quantity import format_quantity


class SaleWithdrawal(models.Model):
    """Withdrawal: a part that was stated in words.

    The public form knows no order, and has no fields for articles: who means a part says so in
    words. A clerk reads them, and enters once what is meant. The words stay as they are.
    """

    _inherit = "sale.withdrawal"

    is_part_entered = fields.Boolean(
        string="Entered from the words",
        readonly=True,
        copy=False,
        help="A salesperson has read in the statement which articles are meant.",
    )
    may_enter_part = fields.Boolean(compute="_compute_may_enter_part", compute_sudo=True)

    def _compute_may_enter_part(self):
        for withdrawal in self:
            withdrawal.may_enter_part = not withdrawal._get_obstacle_to_part()

    def action_enter_part(self, quantities):
        """Enter that only a part of the order is meant, as the statement says in words.

        Once, and before anything was decided on it. A message says who read it so.

        :param dict quantities: ``{id of sale.order.line: quantity}`` in the unit of the line
        :return: True
        :raise UserError: when it is too late for that, or the quantities are no part of the order
        :raise AccessError: without write access to the statement and its order
        """
        self.ensure_one()
        self._check_clerk()
        self._take_turn()
        if obstacle := self._get_obstacle_to_part():
            raise UserError(obstacle)
        part = self._check_part(quantities)
        self._set(
            is_part_entered=True,
            line_ids=[
                Command.create({"order_line_id": line.id, "quantity": quantity})
                for line, quantity in part.items()
            ],
        )
        # sudo: the names of articles, for who may write their order
        articles = [line._describe() for line in self.sudo().line_ids]
        self._message_log(
            body=self.env._(
                "Only a part is meant, as the statement says: %(articles)s",
                articles=", ".join(articles),
            )
        )
        return True

    def _get_obstacle_to_part(self):
        """Return why no part can be entered, or None.

        Hook: addons say what was done for the whole order already.
        """
        self.ensure_one()
        if not self._is_effective():
            return self.env._("Please match %(number)s with its order first.", number=self.name)
        if self.source not in ("form", "staff"):
            return self.env._("The customer has chosen the articles on the order's own page.")
        if self.line_ids:
            return self.env._("Its articles are known already, and cannot be changed.")
        # sudo: what colleagues have made of it
        notes = self.sudo().credit_note_ids.filtered(lambda note: note.state != "cancel")
        if self.state != "received" or self.is_anonymised or notes:
            return self.env._("%(number)s was answered already.", number=self.name)
        return None

    def _check_part(self, quantities):
        """Return what is meant of each article.

        :return: ``{sale.order.line: quantity}``
        :raise UserError: when that is no part of the order
        """
        known = {line.id: line for line in self.order_id.order_line._filter_withdrawable()}
        part = {}
        for line_id, quantity in self._read_quantities(quantities).items():
            line = known.get(line_id)
            if line is None:
                raise UserError(self.env._("This is no article of this order."))
            unit = line.product_uom_id
            if quantity < 0 or unit.compare(quantity, line.product_uom_qty) > 0:
                raise UserError(
                    self.env._(
                        "Of %(article)s, %(quantity)s were ordered; more cannot be meant.",
                        article=line._get_tracking_page_name(),
                        quantity=format_quantity(self.env, line.product_uom_qty),
                    )
                )
            if not unit.is_zero(quantity):
                part[line] = quantity
        if not part:
            raise UserError(self.env._("Please enter which articles are meant."))
        if all(
            line.product_uom_id.compare(part.get(line, 0), line.product_uom_qty) == 0
            for line in known.values()
        ):
            raise UserError(self.env._("That is the whole order, as it stands already."))
        return part

    def _read_quantities(self, quantities):
        """Return quantities by number; by RPC the keys of a dict are texts."""
        try:
            read = {int(key): float(value) for key, value in quantities.items()}
        except (AttributeError, TypeError, ValueError, OverflowError):
            read = {}
        # What is no number is above nothing, and below nothing.
        if not all(abs(quantity) < float("inf") for quantity in read.values()):
            read = {}
        return read
