import logging

import psycopg2
from werkzeug.exceptions import NotFound
from werkzeug.urls import url_encode
from werkzeug.utils import redirect

from odoo import models
from odoo.http import Response, request

# What a page raises that was not made for a parameter, or for its value.
MISUNDERSTOOD = (KeyError, TypeError, ValueError, OverflowError, psycopg2.DataError)


class IrHttp(models.AbstractModel):
    """Addresses that somebody mistyped, shortened or made up, of any page of portal or website.

    In plain Odoo many of them end in "Internal Server Error": a sorting that the list does not
    have, a date that is none, a parameter named like an argument of the page's helper, a number
    that is too large for the database.
    """

    _inherit = "ir.http"

    @classmethod
    def _handle_error(cls, exception):
        """Override of `base` to show the page without the parameters that broke it."""
        if not cls._is_page_misunderstood(exception):
            return super()._handle_error(exception)
        # For the administrator: it may be a fault of the page after all.
        exception.loglevel, exception.exc_info = logging.WARNING, True
        query = dict(request.httprequest.args)
        if not query:
            # From the outside once more: `http_routing`, which makes the page, and called this,
            # would take its status from the first exception.
            request.env.cr.rollback()
            return cls._handle_error(NotFound())
        kept = {"access_token"} if len(query) > 1 else ()  # the right to see the page
        address = request.httprequest.path
        if rest := url_encode({name: query[name] for name in kept if name in query}):
            address = f"{address}?{rest}"
        return redirect(address, 303, Response=Response)

    @classmethod
    def _is_page_misunderstood(cls, exception):
        """Whether a page failed at something in its address.

        Without parameters that is a number that is too large: such a record is unknown.
        """
        if request.httprequest.method not in ("GET", "HEAD"):
            return False
        if not getattr(request, "is_frontend", False):  # set by `http_routing`
            return False
        if not request.httprequest.args:
            return isinstance(exception, psycopg2.errors.NumericValueOutOfRange)
        return isinstance(exception, MISUNDERSTOOD)
