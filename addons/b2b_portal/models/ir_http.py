from werkzeug.exceptions import abort

from odoo import models
from odoo.http import request


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _auth_method_b2b(cls):
        """Let in who is logged in, to routes with `auth="b2b"`; `_pre_dispatch` asks further.

        Which company's agreement counts is known only when the website of the request is.

        :raise SessionExpiredException: for visitors, who are led to the login
        """
        cls._auth_method_user()

    @classmethod
    def _pre_dispatch(cls, rule, args):
        """Override of `http_routing` to ask for an agreement, and to let forms have many fields.

        Routing argument `b2b_max_form_parts`. A file makes a form a multipart one, of which no
        more than 1,000 fields are read by default: a list of 500 typed articles.
        """
        if maximum := rule.endpoint.routing.get("b2b_max_form_parts"):
            # The limit is none of the attributes that Odoo's request passes on.
            request.httprequest._HTTPRequest__wrapped.max_form_parts = maximum
        result = super()._pre_dispatch(rule, args)
        if rule.endpoint.routing["auth"] == "b2b":
            cls._check_b2b_agreement()
        return result

    @classmethod
    def _check_b2b_agreement(cls):
        """Keep the agreement in force on the request, asked anew; without one, lead away.

        :raise HTTPException: a redirect to `/my/agreements` that says why
        """
        user = request.env.user
        user.fetch(["partner_id", "share"])  # all that the pages need of it
        partner = user.partner_id
        partner._fetch_b2b_page(request.env.company)
        agreement = partner._get_b2b_agreement_of_page(request.env.company)
        if not agreement:
            reason = cls._get_b2b_closed_reason()
            response = request.redirect(f"/my/agreements?closed={reason}")
            response.headers["Cache-Control"] = "no-store"
            abort(response)
        agreement.fetch(["partner_id", "company_id", "pricelist_id"])  # most pages need no more
        request.b2b_agreement = agreement

    @classmethod
    def _get_b2b_closed_reason(cls):
        """Return why the current user has no agreement in force.

        :return: one of the controllers' `CLOSED_REASONS`
        :rtype: str
        """
        agreements = request.env["b2b.agreement"]._get_portal_agreements()
        # sudo: customers do not read the companies of the seller
        companies = request.env.company.sudo().parent_ids
        own = agreements.filtered(lambda agreement: agreement.sudo().company_id in companies)
        reason = own[:1]._get_closed_reason() if own else "none"
        # The page lists what is in force below the reason.
        is_over = reason in ("none", "ended", "terminated")
        if is_over and any(agreement._is_in_force() for agreement in agreements):
            return "elsewhere"
        return reason
