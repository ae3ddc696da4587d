import re
from datetime import timedelta

from dateutil.relativedelta import relativedelta
from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError


class B2bAgreement(models.Model):
    """Termination and renewal: how agreements end, and go on."""

    _inherit = "b2b.agreement"

    can_renew = fields.Boolean(compute="_compute_can_renew", groups="base.group_user")

    def action_terminate(self):
        """End agreements at once: the shop and the prices close with the next click.

        :return: True
        :raise UserError: when one is neither sent nor signed
        """
        self._check_terminable()
        self.write({"state": "terminated"})
        self._close_activities()
        return True

    def _check_terminable(self):
        """Refuse to end what the customer has not been sent.

        :raise UserError: when one is neither sent nor signed
        """
        for agreement in self:
            if agreement.state not in ("sent", "signed"):
                raise UserError(
                    self.env._(
                        "Only a sent or signed agreement can be terminated, %(agreement)s is not.",
                        agreement=agreement.name,
                    )
                )

    def action_draft(self):
        """Take back agreements that were sent and not signed.

        :return: True
        :raise UserError: when one is signed or terminated
        """
        self.write({"state": "draft"})
        return True

    def action_renew(self):
        """Prepare drafts that start the day after these agreements end, on the same terms.

        A renewal that exists already is left as it is.

        :return: True
        :raise UserError: when one is open-ended or not signed
        """
        for agreement in self:
            agreement._check_renewable()
            if not agreement._get_renewals():
                agreement.copy(agreement._prepare_renewal_values())
        return True

    def _get_renewals(self):
        """Return the renewals that count; after one that was terminated there may be another.

        :rtype: b2b.agreement
        """
        return self.renewal_ids.filtered(lambda renewal: renewal.state != "terminated")

    @api.depends("state", "date_end", "renewal_ids.state")
    def _compute_can_renew(self):
        for agreement in self:
            is_ending = agreement.state == "signed" and agreement.date_end
            agreement.can_renew = bool(is_ending) and not agreement._get_renewals()

    def _check_renewable(self):
        """Refuse to renew what has no end.

        :raise UserError: when the agreement is open-ended or not signed
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
        :raise UserError: when its dates would lie beyond the calendar
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

    # === TEXT OF COPIES === #

    def copy(self, default=None):
        """Override to give duplicates a text of their own, in step with their terms.

        :param dict default: values in which the copies differ
        :return: new drafts
        """
        copies = super().copy(default)
        if "body" in (default or {}):
            return copies
        for agreement, copy in zip(self, copies, strict=True):
            if copy.renewed_from_id and not agreement._has_text_of_template():
                copy._take_over_text(agreement)
            else:
                copy._write_own_text(agreement)
        return copies

    def _write_own_text(self, agreement):
        """Write the text of a copy from the template: it may become another customer's.

        :param agreement: `b2b.agreement` record that was copied
        """
        was_edited = not agreement._has_text_of_template()
        self.body = False
        if not self.template_id:
            self._compute_template_id()
        self._fill_body_from_template()
        if was_edited and agreement.body:
            self._message_log(
                body=self.env._(
                    "The text of %(agreement)s was written for its customer and was not taken"
                    " over.",
                    agreement=agreement.name,
                )
            )

    def _take_over_text(self, agreement):
        """Keep a negotiated text in a renewal, with the renewal's own number and dates.

        :param agreement: `b2b.agreement` record that is renewed
        """
        former, own = agreement._get_words(), self._get_words()
        words = {former[key]: own[key] for key in ("number", "date_start", "date_end")}
        # All at once, since the new first day may be another word's old one. No part of a number.
        pattern = "|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in words if word)
        text = re.sub(pattern, lambda match: words[match[0]], str(agreement.body or ""))
        self.body = Markup(text)
        self._message_log(
            body=self.env._(
                "The text was negotiated for %(agreement)s. Number and dates are those of the"
                " renewal; read it before you send it.",
                agreement=agreement.name,
            )
        )

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
