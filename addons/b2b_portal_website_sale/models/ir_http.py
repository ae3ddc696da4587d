from odoo import models
from odoo.http import request


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _post_dispatch(cls, response):
        """Override of `http_routing`: no cache keeps an answer that was priced by an agreement."""
        if getattr(request, "b2b_agreed_prices", False):
            response.headers["Cache-Control"] = "no-store"
        return super()._post_dispatch(response)
