from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal


class B2BPortal(CustomerPortal):
    """What the pages of the B2B portal share: the gate, and answers that no cache keeps."""

    # Why the shop is closed, as `/my/agreements` is told in its address.
    CLOSED_REASONS = ("none", "ended", "not_signed", "not_started", "terminated")

    @staticmethod
    def _read_id(value):
        """Return an id or page number from a form or address, False when it is none.

        :param value: as the client sent it
        :rtype: int or False
        """
        text = str(value or "")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else False

    @staticmethod
    def _read_text(value):
        """Return a text from a form or address; a file that was sent in its place is none.

        :param value: as the client sent it
        :rtype: str
        """
        return value if isinstance(value, str) else ""

    def _b2b_gate(self):
        """Return the agreement that lets the current user in, asked anew at each request.

        To be called first in every route below `/my/b2b`::

            agreement, denied = self._b2b_gate()
            if denied:
                return denied

        :return: `b2b.agreement` record in sudo mode and None; or an empty record and a redirect to
            `/my/agreements` that says why
        :rtype: tuple
        """
        agreement = request.env.user.partner_id._get_b2b_agreement(request.env.company)
        if agreement:
            request.b2b_agreement = agreement  # what else asks while answering need not ask again
            return agreement, None
        reason = self._get_b2b_closed_reason()
        return agreement, self._b2b_no_store(request.redirect(f"/my/agreements?closed={reason}"))

    def _get_b2b_closed_reason(self):
        """Return why the current user has no agreement in force.

        :return: one of `CLOSED_REASONS`
        :rtype: str
        """
        agreements = request.env["b2b.agreement"]._get_portal_agreements()
        return agreements[:1]._get_closed_reason() if agreements else "none"

    def _b2b_render(self, template, values=None, **kwargs):
        """Render a page that shows prices or terms of one customer.

        :param str template: xml id of the template
        :param dict values: values of the template
        :return: response that is not to be kept by any cache
        """
        return self._b2b_no_store(request.render(template, values or {}, **kwargs))

    @staticmethod
    def _b2b_no_store(response):
        """Forbid browsers and proxies to keep a response: the next user may pay other prices.

        :return: the response
        """
        response.headers["Cache-Control"] = "no-store"
        return response
