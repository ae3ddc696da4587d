from odoo.http import request

from odoo.addons.b2b_agreement.controllers import main


class B2BPortal(main.B2BPortal):
    """The gate: the pages below `/my/b2b` are for customers with an agreement in force."""

    # Why the shop is closed, as `/my/agreements` is told in its address.
    CLOSED_REASONS = ("none", "ended", "not_signed", "not_started", "terminated")

    def _b2b_gate(self):
        """Return the agreement that lets the current user in, asked anew at each request.

        To be called first in every route below `/my/b2b`::

            agreement, denied = self._b2b_gate()
            if denied:
                return denied

        :return: `b2b.agreement` record in sudo mode and None; or an empty record and a redirect to
            `/my/agreements` that says why
        :rtype: tuple
        """
        agreement = request.env.user.partner_id._get_b2b_agreement(request.env.company)
        if agreement:
            request.b2b_agreement = agreement  # what else asks while answering need not ask again
            return agreement, None
        reason = self._get_b2b_closed_reason()
        return agreement, self._b2b_no_store(request.redirect(f"/my/agreements?closed={reason}"))

    def _get_b2b_closed_reason(self):
        """Return why the current user has no agreement in force.

        :return: one of `CLOSED_REASONS`
        :rtype: str
        """
        agreements = request.env["b2b.agreement"]._get_portal_agreements()
        return agreements[:1]._get_closed_reason() if agreements else "none"
