from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..shipped import Shipped


class SaleWithdrawal(models.Model):
    _inherit = "sale.withdrawal"

    return_picking_ids = fields.One2many(
        comodel_name="stock.picking",
        inverse_name="order_withdrawal_id",
        string="Returns",
        copy=False,
    )

    @api.depends(
        "order_id.order_line.move_ids.state",
        "order_id.order_line.move_ids.quantity",
        "return_picking_ids.state",
    )
    def _compute_can_return(self):
        """Override of `order_withdrawal` to look for goods that are not on their way back."""
        res = super()._compute_can_return()
        for withdrawal in self:  # one record a time: shown in a form only
            kept = withdrawal._origin
            withdrawal.can_return = bool(kept.order_id and kept._plan_returns())
        return res

    def action_create_return(self):
        """Override of `order_withdrawal` to make the return transfers of the withdrawn goods.

        One for each transfer that brought them, the newest first, of what is not on its way back.

        :raise UserError: when nothing of it was shipped, or all of it is on its way back
        """
        self.ensure_one()
        self._check_clerk()
        self._check_matched()
        if self.state == "declined":
            raise UserError(self.env._("It was declined; accept it first."))
        self.order_id._lock_for_status_change()  # two clicks make one return
        self.env.invalidate_all()
        # sudo: clerks have no rights in the warehouse, where the transfer is then carried out
        statement = self.sudo()
        statement._vouch()
        pickings = statement._create_returns(statement._plan_returns())
        if not pickings:
            raise UserError(
                self.env._(
                    "There is nothing to be returned: nothing of it was shipped, or a return"
                    " transfer for all of it is there already."
                )
            )
        return self._open_returns(pickings)

    def _get_obstacle_to_part(self):
        """Override of `order_withdrawal`: a return of the whole order was made already."""
        # sudo: clerks read no transfers
        returns = self.sudo().return_picking_ids.filtered(lambda one: one.state != "cancel")
        if returns:
            return self.env._("%(number)s was answered already.", number=self.name)
        return super()._get_obstacle_to_part()

    def _open_returns(self, pickings):
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Returns"),
            "res_model": "stock.picking",
            "view_mode": "list,form",
            "domain": [("id", "in", pickings.ids)],
        }
        if len(pickings) == 1:
            action |= {"view_mode": "form", "res_id": pickings.id}
        return action

    def _plan_returns(self):
        """Return how much of each move comes back, in the unit of the move.

        :rtype: dict[stock.move, float]
        """
        plan = {}
        others = self._get_statements_before()
        kept = self._get_kept_quantities()
        for line, withdrawn in self._get_withdrawn_quantities().items():
            for moves in line._get_shipped_moves().grouped("product_id").values():
                shipped = self._measure_shipped(line, moves)
                left = withdrawn * shipped.pieces - self._get_returned(shipped, others)
                if line in kept:
                    out = self._measure_out(shipped)
                    left = min(left, out - kept[line] * shipped.pieces)
                plan |= self._plan_return(shipped, left)
        return plan

    def _plan_return(self, shipped, left):
        """Return how much comes back of each move that has brought an article, or a component.

        :param Shipped shipped: what was brought
        :param float left: what is to come back, in the unit of ``shipped``
        :rtype: dict[stock.move, float]
        """
        plan = {}
        moves = shipped.moves.sorted(lambda move: (move.date, move.id), reverse=True)
        for move in moves:
            back = self._sum_up_moves(self._get_returns(move), move.product_uom)
            wanted = shipped.unit._compute_quantity(max(left, 0), move.product_uom, round=False)
            quantity = move.product_uom.round(min(move.quantity - back, wanted))
            if move.product_uom.compare(quantity, 0) > 0:
                plan[move] = quantity
                left -= move.product_uom._compute_quantity(quantity, shipped.unit, round=False)
        return plan

    def _measure_out(self, shipped):
        """Return what the customer has of what was shipped, and is not on its way back."""
        returns = shipped.moves.browse().union(*map(self._get_returns, shipped.moves))
        brought, back = (
            self._sum_up_moves(moves, shipped.unit) for moves in (shipped.moves, returns)
        )
        return brought - back

    def _measure_shipped(self, line, moves):
        """Return what these moves have brought of a line, all of the same product.

        The components of a kit (`sale_mrp`) have the line of the kit. How many make one is told by
        what was to be shipped, whatever the bill of materials says today: the customer may have
        more of one component than of another.

        :rtype: Shipped
        """
        product = moves.product_id
        if product == line.product_id:
            return Shipped(line, moves, line.product_uom_id, 1.0)
        # What was given up of a transfer is cancelled, and was to be shipped as well.
        asked = line.move_ids.filtered(
            lambda move: move._ships_to_customer() and move.product_id != line.product_id
        )
        demands = self._get_demands(asked)
        kits = self._count_kits(line, asked, demands)
        return Shipped(line, moves, product.uom_id, demands[product] / kits if kits else 0.0)

    def _get_demands(self, asked):
        """Return what was to be shipped of each component, without what replaced a returned one.

        Odoo's exchange makes a return, then a move with what is sent anew: no more belongs to a kit
        by that. Where all components were sent anew, more kits were ordered, or whole ones sent.

        :rtype: dict[product.product, float]
        """
        returns = asked.browse().union(*map(self._get_returns, asked))
        anew = asked.filtered(
            lambda move: returns and move.id > min(returns.ids) and not move.picking_id.backorder_id
        )
        if anew.product_id == asked.product_id:
            anew = anew.browse()
        demands, returned = {}, returns.grouped("product_id")
        for product, moves in asked.grouped("product_id").items():
            back = self._sum_up_moves(returned.get(product, ()), product.uom_id)
            replaced = min(self._sum_up_demand(moves & anew), back)
            demands[product] = self._sum_up_demand(moves) - replaced
        return demands

    def _count_kits(self, line, asked, demands):
        """Return for how many kits these moves were to ship the components.

        As many as are ordered, unless the order was lowered since, or its transfers made anew: that
        is told by what is delivered, whole kits, and by the component that there is least of.

        :param dict demands: see ``_get_demands``
        """
        parts = []
        for product, moves in asked.grouped("product_id").items():
            done = moves.filtered(lambda move: move.state == "done")
            returns = moves.browse().union(*map(self._get_returns, done))
            back = returns.filtered(lambda move: move.state == "done")
            had = self._sum_up_moves(done, product.uom_id)
            had -= self._sum_up_moves(back, product.uom_id)
            if demands[product]:
                parts.append(had / demands[product])
        least, delivered = min(parts, default=0), line.qty_delivered
        expected, compare = least * line.product_uom_qty, line.product_uom_id.compare
        is_as_ordered = compare(delivered, expected) <= 0 < compare(delivered + 1, expected)
        if is_as_ordered or least <= 0 or not line._is_delivered():
            return line.product_uom_qty
        return delivered / least

    def _get_statements_before(self):
        """Return the other statements that come before this one where a return names none.

        Those that a clerk has answered before, and those that have had their own return made.
        """
        earlier = self._get_answered_siblings().filtered(lambda other: other.id < self.id)
        returns = self.order_id.withdrawal_ids.return_picking_ids
        served = returns.filtered(lambda picking: picking.state != "cancel").order_withdrawal_id
        served = served.filtered(lambda other: other.state != "declined")
        return (earlier | served) - self

    def _get_returned(self, shipped, others):
        """Return how much of what was shipped is back, or on its way back, by this statement.

        What somebody has returned by hand, or as a rest that came later, names no statement: it is
        taken for what the others still want back, then for this one.

        :param Shipped shipped: what was brought
        :param sale.withdrawal others: see ``_get_statements_before``
        :return: quantity in the unit of ``shipped``
        """
        moves = shipped.moves
        returns = moves.browse().union(*map(self._get_returns, moves))
        by_statement = {
            statement: self._sum_up_moves(found, shipped.unit)
            for statement, found in returns.grouped(
                lambda back: back.picking_id.order_withdrawal_id
            ).items()
        }
        loose = by_statement.get(self.browse(), 0) - self._measure_replaced(shipped, others)
        for other in others:
            wanted = other._get_withdrawn_quantities().get(shipped.line, 0) * shipped.pieces
            loose -= max(wanted - by_statement.get(other, 0), 0)
        return by_statement.get(self, 0) + max(loose, 0)

    def _measure_replaced(self, shipped, others):
        """Return how much was shipped beyond what was ordered: it replaced what came back.

        :param sale.withdrawal others: see ``_get_statements_before``
        """
        declared = (self | others).line_ids.filtered(lambda one: one.order_line_id == shipped.line)
        ordered = max([shipped.line.product_uom_qty, *declared.mapped("ordered_quantity")])
        brought = self._sum_up_moves(shipped.moves, shipped.unit)
        return max(brought - ordered * shipped.pieces, 0)

    def _get_returns(self, move):
        """Return the moves that bring back what this one has brought, whoever asked for them."""
        return move.move_dest_ids.filtered(
            lambda back: back.origin_returned_move_id == move and back.state != "cancel"
        )

    def _sum_up_moves(self, moves, unit):
        return sum(
            move.product_uom._compute_quantity(
                move.quantity if move.state == "done" else move.product_uom_qty, unit, round=False
            )
            for move in moves
        )

    def _sum_up_demand(self, moves):
        """Return what moves of one product were to bring, in the unit of the product."""
        return sum(
            move.product_uom._compute_quantity(
                move.product_uom_qty, move.product_id.uom_id, round=False
            )
            for move in moves
        )

    def _create_returns(self, plan):
        """Return the return transfers of what is planned, made by Odoo's own return."""
        pickings = self.env["stock.picking"]
        for picking in {move.picking_id: None for move in plan}:
            wizard = self.env["stock.return.picking"].create({"picking_id": picking.id})
            wizard.product_return_moves = [
                Command.update(line.id, {"quantity": plan.get(line.move_id, 0)})
                for line in wizard.product_return_moves
            ]
            pickings |= wizard._create_return()
        pickings.order_withdrawal_id = self
        return pickings
