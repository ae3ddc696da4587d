from datetime import datetime

from odoo import api, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

# The key to signed fields. An object and no flag, so that no RPC call can bring it along.
SEAL = object()


class B2bAgreement(models.Model):
    """Checks: what an agreement must be, and what a signature closes."""

    _inherit = "b2b.agreement"

    # Fields that the signature vouches for.
    SIGNED_FIELDS = frozenset(
        {
            "body",
            "company_id",
            "partner_id",
            "signature",
            "signed_body_hash",
            "signed_by",
            "signed_on",
        }
    )

    # === CONSTRAINT METHODS === #

    @api.constrains("partner_id")
    def _check_partner_id(self):
        """An agreement is made with a company, not with one of its contacts.

        :raises ValidationError: when the customer is a contact or address
        """
        for agreement in self:
            if agreement.partner_id != agreement.partner_id.commercial_partner_id:
                raise ValidationError(
                    self.env._(
                        "%(contact)s is a contact of %(company)s. Make the agreement with the"
                        " company.",
                        contact=agreement.partner_id.display_name,
                        company=agreement.partner_id.commercial_partner_id.display_name,
                    )
                )

    @api.constrains("date_start", "date_end")
    def _check_dates(self):
        """The end is not before the start.

        :raises ValidationError: when it is
        """
        for agreement in self:
            if agreement.date_end and agreement.date_end < agreement.date_start:
                raise ValidationError(
                    self.env._(
                        "The agreement %(name)s ends before it starts.", name=agreement.display_name
                    )
                )

    @api.constrains("minimum_order_amount")
    def _check_minimum_order_amount(self):
        """The minimum is an amount.

        :raises ValidationError: when it is negative or not a number
        """
        if any(not agreement.minimum_order_amount >= 0 for agreement in self):
            raise ValidationError(self.env._("The minimum order amount cannot be negative."))

    @api.constrains("state", "partner_id", "company_id", "date_start", "date_end")
    def _check_overlap(self):
        """One signed agreement per customer and company on each day.

        :raises ValidationError: naming the other agreement
        """
        signed = self.filtered(lambda agreement: agreement.state == "signed")
        if not signed:
            return
        # Two customers' contacts signing at once would not see each other's row. A no-op update of
        # the customer makes the later transaction fail and be run again, then it sees the first.
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE res_partner SET write_date = write_date WHERE id IN %s",
                tuple(sorted(signed.partner_id.ids)),
            )
        )
        # Signed agreements of another company or salesperson count too.
        others = self.sudo().search(
            [("state", "=", "signed"), ("partner_id", "in", signed.partner_id.ids)]
        )
        for agreement in signed:
            if clash := others.filtered(agreement._overlaps)[:1]:
                raise ValidationError(
                    self.env._(
                        "%(customer)s has another signed agreement in that time:"
                        " %(agreement)s (%(dates)s).",
                        customer=agreement.partner_id.display_name,
                        agreement=clash.name,
                        dates=clash._format_dates(),
                    )
                )

    def _overlaps(self, other):
        """Return whether two agreements of a customer and company share a day.

        :rtype: bool
        """
        return (
            self.id != other.id
            and self.partner_id.id == other.partner_id.id
            and self.company_id.id == other.company_id.id
            and self.date_start <= (other.date_end or datetime.max.date())
            and other.date_start <= (self.date_end or datetime.max.date())
        )

    def _check_signed_fields(self, vals):
        """Refuse to alter what was signed.

        :param dict vals: values about to be written
        :raises UserError: see `write`
        """
        closed = self.filtered(lambda agreement: agreement.state in ("signed", "terminated"))
        if not closed or self.env.context.get("b2b_agreement_seal") is SEAL:
            return
        if self.SIGNED_FIELDS & vals.keys():
            raise UserError(
                self.env._(
                    "%(agreement)s is signed: its text, parties and signature cannot be changed."
                    " Renew it, or make a new agreement.",
                    agreement=closed[0].name,
                )
            )
        allowed = {"signed": ("signed", "terminated"), "terminated": ("terminated",)}
        if "state" in vals and any(vals["state"] not in allowed[rec.state] for rec in closed):
            raise UserError(
                self.env._(
                    "%(agreement)s is signed or terminated, its state cannot go back.",
                    agreement=closed[0].name,
                )
            )
