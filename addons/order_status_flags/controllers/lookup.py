from odoo import http
from odoo.http import request

from .tracking import OrderTracking


class OrderLookup(OrderTracking):
    """Finding an order again without its link: who lost the e-mail gets another one.

    The page answers the same, in the same time, whatever it is asked: it only notes the question,
    see ``sale.order.lookup``.
    """

    @http.route("/order/find", type="http", auth="public", methods=["GET", "POST"], sitemap=False)
    def order_find(self, reference=None, email=None, lang=None, **kwargs):
        """Show the form, or note what is looked for.

        :param str reference: number of the order, or the customer's own reference
        :param str email: the customer's address
        :param str lang: code of an installed language, chosen by the visitor
        :return: the page, or the 404 of the order status pages while it is switched off
        """
        if lang in self._get_languages():
            request.update_context(lang=lang)
        if not self._has_lookup():
            return self._not_found()
        is_asked = request.httprequest.method == "POST"
        if is_asked:
            request.env["sale.order.lookup"]._ask(reference, email, request.httprequest.remote_addr)
        values = {"is_asked": is_asked, "languages": self._get_languages()}
        return self._render("order_status_flags.order_find", values)
