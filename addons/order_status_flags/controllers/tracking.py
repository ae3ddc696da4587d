from odoo import http
from odoo.http import request

from .notice import ask_as_customer, cancel_as_customer, has_notice, pop_notice
from .replica import may_read_replica

# Nobody keeps, lists or passes on these pages: their address is the right to see them.
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


class OrderTracking(http.Controller):
    """The public page of an order, reached by the link in its e-mails, without login.

    It shows where the order stands and nothing that only the customer may know: no prices,
    no addresses, no way to accept, sign or pay. The page stands alone, without the shop's
    menus and assets, so that it is there at once on a phone.
    """

    def _is_status_page_readonly(self, rule, args):
        """Whether a replica may show the page: one that has got the order already.

        The link is in a mail within seconds; a slow replica must not call it unknown.
        """
        Order = request.env["sale.order"]
        return may_read_replica() and Order._is_placed_by_tracking_token(args.get("token"))

    @http.route(
        ["/order/status", "/order/status/<string:token>"],
        type="http",
        auth="public",
        methods=["GET"],
        sitemap=False,
        readonly=_is_status_page_readonly,
    )
    def order_status_page(self, token=None, lang=None, **kwargs):
        """Show the tracking page; nothing is changed by it.

        With an ``If-None-Match`` of what the page shows already, a 304 without making it.

        :param str token: the order's tracking token
        :param str lang: code of an installed language, chosen by the visitor
        :return: the page, or the one 404 for whatever is not to be seen
        """
        Order = request.env["sale.order"]
        chosen = lang if lang in self._get_languages() else None
        etag = Order._find_page_etag(token, request.env.user, chosen)
        if etag and self._is_seen(etag):
            return self._tag(request.make_response("", headers=HEADERS.items(), status=304), etag)
        order = Order._get_by_tracking_token(token)
        if not order:
            return self._not_found()
        order = self._localize(order, lang)
        values = {
            **order._get_tracking_page_values(),
            "order_notice": pop_notice(order),
            "languages": self._get_languages(),
            "token": token,
            "etag": f'W/"{etag}"',
        }
        return self._tag(self._render("order_status_flags.tracking_page", values), etag)

    def _is_seen(self, etag):
        """Whether the visitor has got just this page, and nothing is to be told besides.

        The page was open when it was made, and what opened it is in its ETag.

        :param str etag: of the page as it is now
        """
        seen = request.httprequest.if_none_match
        # "Whatever there is" is no page that was made.
        return not has_notice() and not seen.star_tag and seen.contains_weak(etag)

    def _tag(self, response, etag):
        # Weak: the token of the form differs from time to time.
        response.set_etag(etag, weak=True)
        return response

    @http.route(
        "/order/status/<string:token>/delivery.ics",
        type="http",
        auth="public",
        methods=["GET"],
        sitemap=False,
        readonly=_is_status_page_readonly,
    )
    def order_status_calendar(self, token, lang=None, **kwargs):
        """Return the promised day as a calendar file.

        :param str token: the order's tracking token
        :param str lang: code of the language that the page was shown in
        :return: the file, or the one 404, also when nothing is promised
        """
        order = request.env["sale.order"]._get_by_tracking_token(token)
        calendar = order and self._localize(order, lang)._get_promise_calendar()
        if not calendar:
            return self._not_found()
        headers = {
            **HEADERS,
            "Content-Type": "text/calendar; charset=utf-8",
            "Content-Disposition": 'attachment; filename="delivery.ics"',
            "X-Content-Type-Options": "nosniff",
        }
        return request.make_response(calendar.encode(), headers=headers.items())

    @http.route(
        "/order/status/<string:token>/message",
        type="http",
        auth="public",
        methods=["POST"],
        sitemap=False,
    )
    def order_status_message(self, token, message=None, lang=None, **kwargs):
        """Pass a question of who has the link on to the seller.

        :param str token: the order's tracking token
        :param str message: the customer's words
        :param str lang: code of the language that the page was shown in
        :return: redirect (303) to the tracking page, which tells the result
        """
        order = request.env["sale.order"]._get_by_tracking_token(token)
        if not order:
            return self._not_found()
        ask_as_customer(self._localize(order, lang), message)
        return self._redirect_to_page(token, lang)

    @http.route(
        "/order/status/<string:token>/cancel",
        type="http",
        auth="public",
        methods=["POST"],
        sitemap=False,
    )
    def order_status_cancel(self, token, reason=None, lang=None, **kwargs):
        """Cancel the order for who has its link, or ask the seller to.

        :param str token: the order's tracking token
        :param str reason: the customer's words
        :param str lang: code of the language that the page was shown in
        :return: redirect (303) to the tracking page, which tells the result
        """
        order = request.env["sale.order"]._get_by_tracking_token(token)
        if not order:
            return self._not_found()
        cancel_as_customer(self._localize(order, lang), reason, order.partner_id, by_link=True)
        return self._redirect_to_page(token, lang)

    @http.route(
        ["/order/status/<string:token>/cancel", "/order/status/<string:token>/message"],
        type="http",
        auth="public",
        methods=["GET"],
        sitemap=False,
        readonly=_is_status_page_readonly,
    )
    def order_status_cancel_page(self, token, lang=None, **kwargs):
        """Lead to the tracking page who reloads, or comes back to, where the form was sent.

        :param str token: the order's tracking token
        :param str lang: code of the language that the page was shown in
        :return: redirect (303) to the tracking page, or the one 404; nothing is changed
        """
        if not request.env["sale.order"]._get_by_tracking_token(token):
            return self._not_found()
        return self._redirect_to_page(token, lang)

    def _redirect_to_page(self, token, lang):
        query = f"?lang={lang}" if lang in self._get_languages() else ""
        response = request.redirect(f"/order/status/{token}{query}")
        response.headers.update(HEADERS)
        return response

    def _localize(self, order, lang):
        """Return the order in the language and time zone its reader wants.

        The visitor's choice, else the language of who is logged in, else the customer's:
        who has the link is most likely the customer.
        """
        context = {"tz": order._get_customer_page_tz(request.env.user)}
        customer = order.partner_id
        if lang in self._get_languages():
            context["lang"] = lang
        elif request.env.user._is_public() and customer.lang in self._get_languages():
            context["lang"] = customer.lang
        request.update_context(**context)
        return order.with_context(**context)

    def _get_languages(self):
        return request.env["res.lang"]._get_page_languages()

    def _has_lookup(self):
        """Whether orders can be looked up here: by the settings of the company of this site."""
        # sudo: visitors read no company
        company = request.env.company.sudo()
        return company.order_status_lookup and company.order_status_tracking_page

    def _not_found(self):
        values = {"has_lookup": self._has_lookup()}
        return self._render("order_status_flags.tracking_not_found", values, status=404)

    def _render(self, template, values, status=200):
        return request.render(template, values, status=status, headers=dict(HEADERS))
