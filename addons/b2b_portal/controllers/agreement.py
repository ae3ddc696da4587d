from odoo import http

from odoo.addons.b2b_agreement.controllers.agreement import AgreementPortal

from .main import B2BPortal


class B2BAgreementPortal(AgreementPortal):
    """The list of agreements, to which customers are led when the shop is closed for them."""

    @http.route()
    def portal_my_agreements(self, page=1, closed=None, **kwargs):
        """Override of `b2b_agreement` to say why the shop is closed.

        :param str page: page number, from 1
        :param str closed: why the B2B shop sent the customer here (see `CLOSED_REASONS`)
        """
        response = super().portal_my_agreements(page=page, **kwargs)
        response.qcontext["closed"] = closed if closed in B2BPortal.CLOSED_REASONS else None
        return response
