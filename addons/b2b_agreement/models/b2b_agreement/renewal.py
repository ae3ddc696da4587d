from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import fields, models
from odoo.exceptions import UserError


class B2bAgreement(models.Model):
    """Termination and renewal: how agreements end, and go on."""

    _inherit = "b2b.agreement"

    def action_terminate(self):
        """End agreements at once: the shop and the prices close with the next click.

        :return: True
        :raises UserError: when one is neither sent nor signed
        """
        for agreement in self:
            if agreement.state not in ("sent", "signed"):
                raise UserError(
                    self.env._(
                        "Only a sent or signed agreement can be terminated, %(agreement)s is not.",
                        agreement=agreement.name,
                    )
                )
        self.write({"state": "terminated", "terminated_on": fields.Datetime.now()})
        return True

    def action_draft(self):
        """Take back agreements that were sent and not signed.

        :return: True
        :raises UserError: when one is signed or terminated
        """
        self.write({"state": "draft"})
        return True

    def action_renew(self):
        """Prepare drafts that start the day after these agreements end, on the same terms.

        A renewal that exists already is left as it is.

        :return: True
        :raises UserError: when one is open-ended or not signed
        """
        for agreement in self:
            agreement._check_renewable()
            if not agreement.renewal_ids.filtered(lambda renewal: renewal.state != "terminated"):
                renewal = agreement.copy(agreement._prepare_renewal_values())
                if agreement._has_text_of_template():
                    # A text that nobody edited would name the old number and dates.
                    renewal.body = renewal._render_body()
        return True

    def _check_renewable(self):
        """Refuse to renew what has no end.

        :raises UserError: when the agreement is open-ended or not signed
        """
        self.ensure_one()
        if not self.date_end:
            raise UserError(
                self.env._(
                    "%(agreement)s is open-ended, there is nothing to renew.", agreement=self.name
                )
            )
        if self.state != "signed":
            raise UserError(
                self.env._(
                    "%(agreement)s is not signed, so it cannot be renewed.", agreement=self.name
                )
            )

    def _prepare_renewal_values(self):
        """Return the values in which a renewal differs from this agreement.

        :rtype: dict
        :raises UserError: when its dates would lie beyond the calendar
        """
        self.ensure_one()
        try:
            start = self.date_end + timedelta(days=1)
            # Calendar arithmetic: a year from 1 January renews to 31 December, leap year or not.
            length = relativedelta(start, self.date_start)
            end = start + length - timedelta(days=1)
        except (OverflowError, ValueError) as error:  # beyond the year 9999
            raise UserError(
                self.env._(
                    "%(agreement)s ends too late to be renewed. Correct its last day, or leave it"
                    " empty.",
                    agreement=self.name,
                )
            ) from error
        return {"date_start": start, "date_end": end, "renewed_from_id": self.id}

    def action_view_renewals(self):
        """Open the renewals of the agreement.

        :return: window action
        :rtype: dict
        """
        self.ensure_one()
        return {
            **self.env["ir.actions.actions"]._for_xml_id("b2b_agreement.b2b_agreement_action"),
            "domain": [("renewed_from_id", "=", self.id)],
        }
