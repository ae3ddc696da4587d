from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal


class B2BPortal(CustomerPortal):
    """What the pages of B2B customers share: typed values, and answers that no cache keeps."""

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

        Without zero bytes: the database takes none, and refuses what has one with an error.

        :param value: as the client sent it
        :rtype: str
        """
        return value.replace("\x00", "") if isinstance(value, str) else ""

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
