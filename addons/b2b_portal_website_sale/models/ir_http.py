from odoo import models
from odoo.http import request


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _post_dispatch(cls, response):
        """Override of `http_routing` to keep answers priced by an agreement out of caches."""
        if getattr(request, "b2b_agreed_prices", False):
            response.headers["Cache-Control"] = "no-store"
        return super()._post_dispatch(response)
