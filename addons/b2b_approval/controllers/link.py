from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.mail_delivery_retry.language import get_active_lang
from odoo.addons.order_status_flags.controllers.tracking import HEADERS

from ..context_keys import DECIDING
from .approval import accepts_changes, check_lowered, read_lowered, read_typed

LINK = "/b2b/approve/<string:token>"


class B2BApprovalLink(http.Controller):
    """The link of the e-mail: one person decides on one step, once, without a login."""

    @http.route(LINK, type="http", auth="public", website=True, methods=["GET"], sitemap=False)
    def b2b_approval_link(self, token, **kwargs):
        """Show the request; nothing is changed by it.

        :param str token: of the e-mail
        """
        notice = self._get_notice(token)
        return self._render(notice, token) if notice else self._not_found()

    @http.route(LINK, type="http", auth="public", website=True, methods=["POST"], sitemap=False)
    def b2b_approval_decide(self, token, decision=None, comment=None, **kwargs):
        """Decide; fields as on the page of the request.

        :param str token: of the e-mail
        :param str decision: `approve` or `decline`; `show` decides nothing and shows what the
            quantities of the form cost
        :param str comment: told to the buyer
        """
        notice = self._get_notice(token)
        if not notice:
            return self._not_found()
        form = request.httprequest.form
        try:
            if decision == "show":
                if notice._is_open():  # else its articles are not for this person any more
                    check_lowered(form, notice.approval_id.order_id)
                return self._render(notice, token, form=form)
            with request.env.cr.savepoint():  # a refusal leaves nothing half done
                self._decide(notice, decision, comment if isinstance(comment, str) else "")
                request.env.flush_all()
        except UserError as error:
            notice.approval_id._keep_problem(error)
            return self._render(notice, token, str(error), form)
        return self._protect(request.redirect(f"/b2b/approve/{token}", code=303))

    def _decide(self, notice, decision, comment):
        approval = notice.approval_id.with_context(b2b_deciding=DECIDING, tracking_disable=True)
        approval._lock()
        if not notice._is_open():
            raise UserError(self._describe_closed(notice))
        form = request.httprequest.form
        if decision == "approve":
            accepted = accepts_changes(form, approval)
            lowered = read_lowered(form, approval.order_id)
            approval._approve_as(notice.member_id, comment, accepted, lowered)
        elif decision == "decline":
            approval._decline_as(notice.member_id, comment)
        else:
            raise UserError(request.env._("Please approve or decline."))
        notice.is_used = True

    @staticmethod
    def _get_notice(token):
        """Return the row of a link, in sudo mode and in the language of whom it was sent to."""
        notice = request.env["b2b.approval.notice"]._get_by_token(token)
        if not notice:
            return notice
        company = notice.approval_id.company_id
        request.update_context(
            lang=get_active_lang(request.env, notice.partner_id.lang),
            # As on the page of the request: one moment reads the same everywhere.
            tz=notice.partner_id.tz,
            allowed_company_ids=company.ids,
        )
        return notice.with_env(request.env(su=True)).with_company(company)

    @staticmethod
    def _describe_closed(notice):
        """Return why a link decides nothing any more."""
        approval = notice.approval_id
        own = approval.decision_ids.filtered(lambda one: one.partner_id == notice.partner_id)
        if own[-1:].decision == "approved":
            return request.env._("You have approved this request.")
        if own[-1:].decision == "declined":
            return request.env._("You have declined this request.")
        if approval.state == "pending" and approval.decision_ids:
            name = approval.decision_ids[-1:].partner_id.name
            return request.env._("%(colleague)s has approved this request.", colleague=name)
        if approval.state == "pending" and not approval._may_decide(notice.member_id):
            return request.env._("This link decides nothing any more.")
        return approval._describe_state()

    def _render(self, notice, token, problem=None, form=()):
        is_open = notice._is_open()
        values = {
            "closed": False if is_open else self._describe_closed(notice),
            "problem": problem,
            "action": f"/b2b/approve/{token}",
            "company": notice.approval_id.company_id,
        }
        if is_open:
            approval = notice.approval_id
            kept, lowered = read_typed(form, approval.order_id) if form else ({}, {})
            values.update(approval._prepare_page_values(notice.member_id, lowered), **kept)
        return self._protect(request.render("b2b_approval.b2b_approval_link", values))

    def _not_found(self):
        return self._protect(request.not_found().get_response())

    @staticmethod
    def _protect(response):
        """Have nobody keep, list or pass on the page: its address is the right to decide."""
        response.headers.update(HEADERS)
        return response
