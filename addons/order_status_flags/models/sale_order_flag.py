from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class SaleOrderFlag(models.Model):
    """A custom flag that the back office puts on an order.

    One flag per order, with a note. Setting it gives the order the flag's status, so that
    clerks work with their own flags and the customer is told what they mean. Customers
    never see flags or their notes.
    """

    _name = "sale.order.flag"
    _description = "Order Flag"
    _order = "sequence, id"
    _check_company_auto = True
    _check_company_domain = models.check_company_domain_parent_of

    name = fields.Char(required=True, translate=True)
    color = fields.Integer()
    sequence = fields.Integer(default=100)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        comodel_name="res.company", help="Empty: the flag is used in every company."
    )
    document_type = fields.Selection(
        selection="_selection_document_type",
        help="Kind of order that may carry this flag. Empty: every kind.",
    )
    status_id = fields.Many2one(
        comodel_name="sale.order.status",
        string="Sets status",
        ondelete="restrict",
        check_company=True,
        index="btree_not_null",
        help="Setting the flag gives the order this status. Empty: the flag is internal only.",
    )
    default_note = fields.Char(
        translate=True, help="Used as the note when the flag is set without one."
    )
    group_ids = fields.Many2many(
        comodel_name="res.groups",
        string="Only for groups",
        help="Who may set, replace or clear this flag. Empty: every salesperson.",
    )
    cancel_order = fields.Boolean(
        string="Also cancels the order",
        help="Setting the flag cancels the order in Odoo too, by the same checks as the"
        " Cancel button.",
    )

    @api.onchange("status_id")
    def _onchange_status_id(self):
        """A flag that sets a status of one company is a flag of that company."""
        self.company_id = self.status_id.company_id or self.company_id

    @api.constrains("cancel_order", "status_id")
    def _check_cancel_order_status(self):
        for flag in self.filtered("cancel_order"):
            if flag.status_id and flag.status_id.category != "rejected":
                if not self.env["sale.order"]._may_name(flag):
                    raise ValidationError(
                        self.env._(
                            "A flag of another company sets the status and cancels the order, so"
                            " the status must be of category “Rejected”."
                        )
                    )
                raise ValidationError(
                    self.env._(
                        "The flag “%(flag)s” cancels the order, so its status must be of category"
                        " “Rejected” or empty.",
                        flag=flag.name,
                    )
                )

    @api.constrains("document_type", "company_id")
    def _check_fits_orders(self):
        self.env["sale.order"]._check_codebook_fits("order_flag_id", self)

    def _check_company(self, fnames=None):
        """Override of `base` to name no flag or status of companies that the user does not see."""
        try:
            return super()._check_company(fnames)
        except UserError:
            # sudo: what the user does not see is what is not to be named
            if self.env["sale.order"]._may_name(self, self.sudo().status_id):
                raise
            raise UserError(
                self.env._("A flag and the status that it sets are of different companies.")
            ) from None

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        # sudo: the archive of every company counts, whoever deletes
        if (
            self.env["sale.order.status.history"]
            .sudo()
            .search_count([("flag_id", "in", self.ids)], limit=1)
        ):
            raise UserError(
                self.env._(
                    "A flag that orders have or had cannot be deleted. Archive it instead:"
                    " it can then no longer be chosen, and old orders keep it."
                )
            )

    @api.model
    def _selection_document_type(self):
        return self.env["sale.order"]._selection_document_type()

    def _fits(self, order):
        """Whether orders of this document type and company may carry the flag."""
        self.ensure_one()
        # sudo: a seller of a branch may not read the companies above it
        companies = order.company_id.sudo().parent_ids
        return self.document_type in (False, order.document_type) and (self.company_id <= companies)

    def _may_be_moved_by(self, user):
        """Whether the user may set, replace or clear these flags."""
        # sudo: the groups of a flag and of other users are not readable by salespeople
        groups = self.sudo().group_ids if self else False
        if not groups:
            return True
        own = user.sudo().all_group_ids
        return all(not flag.group_ids or bool(flag.group_ids & own) for flag in self.sudo())
