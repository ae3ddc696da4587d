from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..context_keys import WITHDRAWAL_WRITE
from ..quantity import format_quantity


class SaleWithdrawalLine(models.Model):
    """How much of one article a customer withdraws from; none at all is the whole order."""

    _name = "sale.withdrawal.line"
    _description = "Withdrawn Article"
    _order = "id"
    _rec_name = "name"

    withdrawal_id = fields.Many2one(
        comodel_name="sale.withdrawal", required=True, index=True, ondelete="cascade"
    )
    order_line_id = fields.Many2one(
        comodel_name="sale.order.line",
        string="Article",
        index="btree_not_null",
        ondelete="set null",
    )
    name = fields.Char(
        string="Article, as declared", compute="_compute_name", store=True, precompute=True
    )
    quantity = fields.Float(digits="Product Unit", required=True)
    ordered_quantity = fields.Float(
        string="Ordered at that time",
        digits="Product Unit",
        compute="_compute_ordered_quantity",
        store=True,
        precompute=True,
        help="What was ordered of the article when the customer declared; the order may be lowered"
        " after a part of it was accepted.",
    )
    product_uom_id = fields.Many2one(related="order_line_id.product_uom_id", string="Unit")
    company_id = fields.Many2one(related="withdrawal_id.company_id", store=True)

    _quantity_positive = models.Constraint(
        "CHECK(quantity > 0)", "The quantity that is withdrawn from must be above zero."
    )

    @api.depends("order_line_id")
    def _compute_name(self):
        """Keep the name as it was: the article may be deleted or renamed later."""
        for line in self:
            # sudo: read for a record whose access was checked
            article = line.order_line_id.sudo()
            line.name = line.name or (article and article._get_tracking_page_name())

    @api.depends("order_line_id")
    def _compute_ordered_quantity(self):
        """Keep the quantity as it was, as the name."""
        for line in self:
            # sudo: read for a record whose access was checked
            line.ordered_quantity = (
                line.ordered_quantity or line.order_line_id.sudo().product_uom_qty
            )

    @api.constrains("order_line_id")
    def _check_order(self):
        for line in self:
            if line.order_line_id.order_id != line.withdrawal_id.order_id:
                # Odoo checks as the superuser; the user learns nothing of orders of others.
                if not line.order_line_id.sudo(False).has_access("read"):
                    raise ValidationError(self.env._("This is no article of this order."))
                raise ValidationError(
                    self.env._("%(article)s is no article of this order.", article=line.name)
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Let lines come with their statement only.

        :raise UserError: for a statement that is there already
        """
        self._check_own_write()
        return super().create(vals_list)

    def write(self, vals):
        """Keep what was declared.

        :raise UserError: always, but for our own writes
        """
        self._check_own_write()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A statement of withdrawal cannot be deleted."))

    def _describe(self):
        """Return quantity, unit and name in one line."""
        self.ensure_one()
        quantity = format_quantity(self.env, self.quantity)
        # sudo: read for a record whose access was checked
        unit = self.sudo().product_uom_id.name
        return " ".join(filter(None, (quantity, unit, self.name)))

    def _check_own_write(self):
        if self.env.context.get("order_withdrawal_write") is not WITHDRAWAL_WRITE:
            raise UserError(
                self.env._("What a customer declared cannot be changed. Enter a new statement.")
            )
