from werkzeug.exceptions import abort

from odoo import models
from odoo.http import Response, request
from odoo.modules import Manifest

ADDON = "mail_delivery_retry"


class IrHttp(models.AbstractModel):
    """Routes of these addons: what a request that only asks may do.

    Here, since order statuses and agreements have no other ground in common.
    """

    _inherit = "ir.http"

    @classmethod
    def _pre_dispatch(cls, rule, args):
        """Override of `base` to answer OPTIONS on a route of ours without running it.

        Odoo adds OPTIONS to every route, a POST route as well, and then asks for no
        `csrf_token`, since it takes OPTIONS for a method that changes nothing.

        :raise HTTPException: the empty answer, with the methods that the route has
        """
        if request.httprequest.method == "OPTIONS" and cls._is_own_route(rule):
            abort(Response(status=204, headers={"Allow": ", ".join(cls._get_methods(rule))}))
        return super()._pre_dispatch(rule, args)

    @classmethod
    def _get_methods(cls, rule):
        """Return the methods of the address of the request, which several routes may share.

        :param werkzeug.routing.Rule rule: one of them
        :rtype: list[str]
        """
        adapter = rule.map.bind(request.httprequest.host)
        # None where one of the routes takes every method.
        methods = adapter.allowed_methods(request.httprequest.path)
        return sorted(methods or {"GET", "HEAD", "OPTIONS", "POST"})

    @classmethod
    def _is_own_route(cls, rule):
        """Whether the route is of this addon's house: of an addon by the same author.

        :param werkzeug.routing.Rule rule: from the routing map
        """
        addon = rule.endpoint.__module__.split(".")[2]
        return Manifest.for_addon(addon)["author"] == Manifest.for_addon(ADDON)["author"]
