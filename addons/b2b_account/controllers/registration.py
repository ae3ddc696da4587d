from odoo import http
from odoo.http import request

from odoo.addons.b2b_agreement.controllers.main import B2BPortal

URL = "/b2b/register"
FIELDS = ("company", "vat", "contact", "email", "phone", "note", "consent")


class B2BRegistrationPage(B2BPortal):
    """The way in for a company that is no customer yet."""

    @http.route(URL, type="http", auth="public", website=True, methods=["GET"], sitemap=False)
    def b2b_register(self, **kwargs):
        """Show the form, or the answer to a sent one; a 404 while registration is off.

        :param str sent: the form was sent
        """
        return self._render_b2b_registration(sent="sent" in kwargs)

    @http.route(URL, type="http", auth="public", website=True, methods=["POST"], sitemap=False)
    def b2b_register_send(self, **kwargs):
        """Keep a registration.

        Fields `company`, `vat`, `contact`, `email`, `phone`, `note`, `consent`. Whether company or
        address are known, and whether there were too many, makes no difference to the answer.
        """
        if not self._is_b2b_registration_open():
            raise request.not_found()
        form = {name: self._read_text(kwargs.get(name)) for name in FIELDS}
        Registration = request.env["b2b.registration"]
        values, problems = Registration._prepare_registration(form)
        if problems:
            return self._render_b2b_registration(form, problems)
        Registration._keep_registration(values, request.httprequest.remote_addr)
        return self._b2b_no_store(request.redirect(f"{URL}?sent=1", code=303))

    @staticmethod
    def _is_b2b_registration_open():
        # sudo: visitors do not read the seller's settings
        return request.env.company.sudo().b2b_registration

    def _render_b2b_registration(self, form=None, problems=(), sent=False):
        if not self._is_b2b_registration_open():
            raise request.not_found()
        values = {
            "form": form or {},
            "problems": problems,
            "sent": sent,
            "page_name": "b2b_register",
        }
        return self._b2b_render("b2b_account.b2b_register", values)
