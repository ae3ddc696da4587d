import secrets

from werkzeug.urls import url_encode

from odoo import http
from odoo.http import request

from odoo.addons.order_status_flags.controllers.portal import MAX_ID
from odoo.addons.order_status_flags.controllers.tracking import HEADERS

from ..captions import get_language
from ..declaration import Declaration
from .place import Place

# A statement is some kilobytes; what is far longer would only keep the shop busy.
MAX_REQUEST = 1024 * 1024
# Visitors come without a login, so that a check against forged forms has nothing to protect: who
# may send this form from another site may send it from here as well. In the portal, where a session
# speaks for the customer, `_is_own_form` asks instead of Odoo: an expired session must not turn a
# statement into an error page.
PAGE = {
    "type": "http",
    "auth": "public",
    "sitemap": False,
    "csrf": False,
    "max_content_length": MAX_REQUEST,
}
ROOTS = {
    "form": "/withdraw",
    "tracking": "/order/status/<string:token>/withdraw",
    "portal": "/my/orders/<int:order_id>/withdraw",
}


class OrderWithdrawal(http.Controller):
    """The withdrawal function of Article 11a: a form, a review, a receipt.

    Plain pages that need no script and no login. GET changes nothing; nothing but the confirmation
    records anything, and nothing that is complete is turned away.
    """

    # === ROUTES === #

    @http.route(list(ROOTS.values()), methods=["GET"], **PAGE)
    def withdrawal_form(self, **kwargs):
        """Show the form; nothing is changed by it.

        :return: the page, or the one 404 where there is no function
        """
        place, answer = self._get_place(**kwargs)
        if not place:
            return answer
        declaration = Declaration.from_form(kwargs)
        return self._render("form", place, declaration=self._prefill(declaration, place), errors={})

    @http.route(list(ROOTS.values()), methods=["POST"], **PAGE)
    def withdrawal_review(self, **kwargs):
        """Show the statement as it will be declared, with the button that confirms it.

        :return: the page; the form again where something is missing
        """
        place, answer = self._get_place(**kwargs)
        if not place:
            return answer
        return self._review(place, Declaration.from_form(kwargs))

    @http.route([f"{root}/confirm" for root in ROOTS.values()], methods=["POST"], **PAGE)
    def withdrawal_confirm(self, **kwargs):
        """Record the statement, and show the receipt.

        :return: the page; the form again where something is missing, the review again where the
            session that the form came from is over
        """
        place, answer = self._get_place(**kwargs)
        if not place:
            return answer
        declaration = Declaration.from_form(kwargs)
        if place.get_errors(declaration) or not self._is_own_form(place, kwargs):
            return self._review(place, declaration)
        return self._confirm(place, declaration)

    @http.route([f"{root}/confirm" for root in ROOTS.values()], methods=["GET"], **PAGE)
    def withdrawal_confirm_page(self, **kwargs):
        """Lead who reloads the address of the receipt to the form; nothing is changed.

        :return: redirect (303) to the form, or the one 404
        """
        place, answer = self._get_place(**kwargs)
        if not place:
            return answer
        response = request.redirect(place.path)
        response.headers.update(HEADERS)
        return response

    # === STEPS === #

    def _review(self, place, declaration):
        errors = place.get_errors(declaration)
        if errors:
            return self._render("form", place, declaration=declaration, errors=errors)
        # One token a review: a double click on its button is one statement.
        declaration.form_token = declaration.form_token or secrets.token_urlsafe(24)
        return self._render(
            "review", place, declaration=declaration, statement=place.word(declaration)
        )

    def _confirm(self, place, declaration):
        receipt = request.env["sale.withdrawal"]._submit(
            declaration,
            place.word(declaration),
            place.get_record(declaration),
            origin=request.httprequest.remote_addr,
        )
        return self._render("receipt", place, receipt=receipt)

    def _is_own_form(self, place, params):
        """Whether the form was made for this session; asked only where a login speaks."""
        token = params.get("csrf_token")
        is_text = isinstance(token, str)
        return place.source != "portal" or (is_text and request.validate_csrf(token))

    def _prefill(self, declaration, place):
        """Return the form as it is first shown: in the portal with what the account says.

        By a link nothing that names the customer: it may have been passed on.
        """
        if place.source == "portal":
            partner = request.env.user.partner_id
            declaration.name = declaration.name or partner.name or ""
            declaration.email = declaration.email or partner.email or ""
        return declaration

    # === WHERE === #

    def _get_place(self, token=None, order_id=None, lang=None, **kwargs):
        """Return the place that was asked for, and what is answered where there is none.

        The address says which one it is: a field of a form may be called as a part of it.

        :param str token: of an order's link
        :param int order_id: of an order of the portal
        :param str lang: code of a language, chosen by the visitor
        :rtype: tuple[Place, werkzeug.wrappers.Response]
        """
        lang = lang if isinstance(lang, str) else ""
        self._set_language(lang)
        path = request.httprequest.path
        if path.startswith("/my/orders/"):
            return self._get_portal_place(order_id, lang)
        if path.startswith("/order/status/"):
            return self._get_tracking_place(token, lang)
        return self._get_public_place(lang)

    def _get_public_place(self, lang, was_portal=False):
        company = request.env["res.company"]._get_withdrawal_company()
        if not company:
            return None, self._not_found()
        # Odoo gives each template the user's company; of the user nothing else is shown.
        request.env.user.fetch(["company_id"])
        order = request.env["sale.order"].sudo().browse()  # sudo: empty, no order is read by it
        place = self._make_place("form", "/withdraw", company, order, lang)
        place.was_portal = was_portal
        return place, None

    def _get_tracking_place(self, token, lang):
        order = request.env["sale.order"]._get_by_tracking_token(token)
        if not order or not order._has_withdrawal_function():
            return None, self._not_found()
        if not self._is_chosen(lang) and request.env.user._is_public():
            self._set_language(order.partner_id.lang)
        path = f"/order/status/{token}/withdraw"
        return self._make_place("tracking", path, order.company_id, order, lang), None

    def _get_portal_place(self, order_id, lang):
        path = f"/my/orders/{order_id}/withdraw"
        if not request.env["res.company"]._is_withdrawal_used():
            return None, self._not_found()
        if request.env.user._is_public():
            return self._get_place_without_session(path, lang)
        order = request.env["sale.order"].browse(order_id if order_id <= MAX_ID else 0).exists()
        # Salespeople who look at the customer's page enter what he says in the back office.
        if not order or not order._may_be_cancelled_by(request.env.user):
            return None, request.redirect("/my")
        order = order.sudo()  # sudo: customers declare about their orders; the rest is shown only
        if not order._has_withdrawal_function():
            return None, self._not_found()
        return self._make_place("portal", path, order.company_id, order, lang), None

    def _get_place_without_session(self, path, lang):
        """Return where a visitor goes on whose session in the portal is over.

        With what was typed, to the public form; else to the login.
        """
        if request.httprequest.method == "POST":
            return self._get_public_place(lang, was_portal=True)
        return None, request.redirect(f"/web/login?{url_encode({'redirect': path})}")

    def _make_place(self, source, path, company, order, lang):
        order = order.with_context(**request.env.context)
        if order:
            order = order.with_company(order.company_id)
            request.update_context(tz=order._get_customer_page_tz(request.env.user))
        known = self._is_chosen(lang) or get_language(lang, default="")
        return Place(source, path, company, order, lang if known else "")

    # === LANGUAGE === #

    def _set_language(self, lang):
        """Use the language that was asked for, else the one that the shop was read in."""
        lang = lang or request.cookies.get("frontend_lang")
        if self._is_chosen(lang):
            request.update_context(lang=lang)

    def _is_chosen(self, lang):
        return bool(lang) and lang in self._get_languages()

    def _get_languages(self):
        return request.env["res.lang"]._get_page_languages()

    # === ANSWERS === #

    def _render(self, page, place, **values):
        values = place.get_page_values(languages=self._get_languages(), **values)
        return request.render(f"order_withdrawal.withdrawal_{page}", values, headers=dict(HEADERS))

    def _not_found(self):
        return request.render(
            "order_withdrawal.withdrawal_not_found", {}, status=404, headers=dict(HEADERS)
        )
