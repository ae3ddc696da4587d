from odoo import http
from odoo.http import request

from .tracking import OrderTracking


class OrderLookup(OrderTracking):
    """Finding an order again without its link: who lost the e-mail gets another one.

    The page answers the same, in the same time, whatever it is asked: it only notes the question,
    see ``sale.order.lookup``.
    """

    @http.route("/order/find", type="http", auth="public", methods=["GET"], sitemap=False)
    def order_find(self, lang=None, **kwargs):
        """Show the form.

        :param str lang: code of an installed language, chosen by the visitor
        :return: the page, or the 404 of the order status pages while it is switched off
        """
        return self._show_order_find(lang)

    @http.route("/order/find", type="http", auth="public", methods=["POST"], sitemap=False)
    def order_find_post(self, reference=None, email=None, lang=None, **kwargs):
        """Note what is looked for. The answer is always the same.

        :param str reference: number of the order, or the customer's own reference
        :param str email: the customer's address
        :param str lang: code of an installed language, chosen by the visitor
        :return: the page, or the 404 of the order status pages while it is switched off
        """
        if self._has_lookup():
            address = request.httprequest.remote_addr
            request.env["sale.order.lookup"]._ask(reference, email, address)
        return self._show_order_find(lang, is_asked=True)

    def _show_order_find(self, lang, is_asked=False):
        if lang in self._get_languages():
            request.update_context(lang=lang)
        if not self._has_lookup():
            return self._not_found()
        values = {"is_asked": is_asked, "languages": self._get_languages()}
        return self._render("order_status_flags.order_find", values)
