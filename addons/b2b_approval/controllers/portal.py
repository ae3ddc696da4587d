from odoo.fields import Domain
from odoo.http import request

from odoo.addons.b2b_account import rights
from odoo.addons.b2b_account.controllers.shop import B2BAccountPortal


class B2BApprovalHome(B2BAccountPortal):
    """The portal's home and the navigation: approvals for whoever has something to do with them."""

    def _prepare_home_portal_values(self, counters):
        """Override of `portal` to count what waits for the user."""
        values = super()._prepare_home_portal_values(counters)
        if "b2b_approval_count" in counters:
            # sudo: members and requests are read for the user himself
            partner = request.env.user.partner_id.sudo()
            Approval = request.env["b2b.approval"].sudo()
            # The page is part of the shop, which opens with the agreement.
            agreement = partner._get_b2b_agreement(request.env.company)
            waiting = Approval._get_waiting_domain(partner) if agreement else Domain.FALSE
            values["b2b_approval_count"] = Approval.search_count(waiting, limit=100)
        return values

    def _b2b_values(self, agreement, page_name, **values):
        """Override of `b2b_portal` to lead to approvals whoever decides on or made one."""
        values = super()._b2b_values(agreement, page_name, **values)
        values["b2b_has_approvals"] = self._has_b2b_approvals(values["b2b_rights"])
        return values

    @staticmethod
    def _has_b2b_approvals(granted):
        if granted & {rights.APPROVE, rights.ADMINISTRATE}:
            return True
        # sudo: only whether there is a request that the user himself made or decides on
        approvals = request.env["b2b.approval"].sudo()
        partner = request.env.user.partner_id.sudo()
        if partner._get_b2b_member().filtered("active").stands_in_for_ids:
            return True
        return bool(approvals.search_count([("requested_by_id", "=", partner.id)], limit=1))
