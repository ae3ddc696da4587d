from odoo import api, fields, models
from odoo.exceptions import UserError

from ..context_keys import DECIDING


class B2bApprovalDecision(models.Model):
    """What somebody decided on a request: written once, by `b2b.approval`, never changed."""

    _name = "b2b.approval.decision"
    _description = "B2B approval: decision"
    _order = "id"
    _rec_name = "approval_id"

    approval_id = fields.Many2one(
        comodel_name="b2b.approval", required=True, readonly=True, index=True, ondelete="restrict"
    )
    decision = fields.Selection(
        selection=[
            ("approved", "Approved"),
            ("declined", "Declined"),
            ("withdrawn", "Withdrawn"),
            ("expired", "Expired"),
        ],
        required=True,
        readonly=True,
    )
    member_id = fields.Many2one(
        comodel_name="b2b.member",
        string="By",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    for_member_id = fields.Many2one(
        comodel_name="b2b.member", string="In place of", readonly=True, ondelete="restrict"
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner", string="Contact", readonly=True, ondelete="restrict"
    )
    step = fields.Integer(readonly=True)
    comment = fields.Text(readonly=True)
    changes = fields.Text(
        readonly=True, help="What the approver changed or accepted, as he read it."
    )
    date = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `base`: decisions are made by requests only.

        :raise UserError: for everybody else
        """
        self._check_deciding()
        return super().create(vals_list)

    def write(self, vals):  # pylint: disable=method-required-super
        """Override of `base`: what was decided stays as it is.

        :raise UserError: always
        """
        raise UserError(self._get_refusal())

    def unlink(self):  # pylint: disable=method-required-super
        """Override of `base`: what was decided stays.

        :raise UserError: always
        """
        raise UserError(self._get_refusal())  # pylint: disable=no-raise-unlink

    def _check_deciding(self):
        self.check_access("create")
        if self.env.context.get("b2b_deciding") is not DECIDING:
            raise UserError(self._get_refusal())

    @api.model
    def _get_refusal(self):
        return self.env._("Decisions are written once, when somebody decides on a request.")
