from odoo import models
from odoo.http import request


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _pre_dispatch(cls, rule, args):
        """Override of `http_routing` for routes that say how many fields their form may have.

        Routing argument `b2b_max_form_parts`. A file makes a form a multipart one, of which no
        more than 1,000 fields are read by default: a list of 500 typed articles.
        """
        if maximum := rule.endpoint.routing.get("b2b_max_form_parts"):
            # The limit is none of the attributes that Odoo's request passes on.
            request.httprequest._HTTPRequest__wrapped.max_form_parts = maximum
        return super()._pre_dispatch(rule, args)
