from contextlib import suppress

import psycopg2
from markupsafe import Markup
from werkzeug.exceptions import ServiceUnavailable

from odoo import models
from odoo.exceptions import LockError, UserError
from odoo.http import Response, request
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

# No template: those are in the database, which is what is missing.
PAGE = Markup(
    """<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="robots" content="noindex"/>
<title>{title}</title>
<style>
body {{ margin: 0; padding: 2rem 1rem; font: 1rem/1.5 system-ui, sans-serif; color: #212529; }}
main {{ max-width: 36rem; margin: 0 auto; }}
h1 {{ font-size: 1.5rem; }}
</style>
</head>
<body><main role="alert"><h1>{title}</h1><p>{text}</p></main></body>
</html>
"""
)


class IrHttp(models.AbstractModel):
    """What users are told when the database goes away, or others keep getting in between."""

    _inherit = "ir.http"

    @classmethod
    def _handle_error(cls, exception):
        """Override of `base` to tell in the user's words what happened in the database.

        Odoo itself has only "Internal Server Error" and a traceback for these.
        """
        if cls._is_connection_lost(exception):
            title, text = cls._translate(cls._get_connection_lost_texts)
            return cls._tell(title, text, ServiceUnavailable)
        if cls._is_given_up(exception):
            title, text = cls._translate(cls._get_given_up_texts)
            return cls._tell(title, text, LockError)
        return super()._handle_error(exception)

    @classmethod
    def _is_connection_lost(cls, exception):
        return isinstance(exception, psycopg2.Error) and bool(request.env and request.env.cr.closed)

    @classmethod
    def _is_given_up(cls, exception):
        """Whether others changed the same records each time that Odoo tried this request."""
        return isinstance(exception, PG_CONCURRENCY_EXCEPTIONS_TO_RETRY)

    @classmethod
    def _get_connection_lost_texts(cls, env):
        # Whether a COMMIT arrived cannot be known, so nothing is promised.
        return (
            env._("The connection to the database was lost."),
            env._(
                "What you have just sent was most likely not saved. Please wait a moment, look"
                " whether it is there, and try again if it is not."
            ),
        )

    @classmethod
    def _get_given_up_texts(cls, env):
        return (
            env._("Others are changing the same data at this moment."),
            env._("None of your changes were saved. Please wait a moment and try again."),
        )

    @classmethod
    def _translate(cls, get_texts):
        # The language may not be in memory yet, and the database not there to ask.
        with suppress(psycopg2.Error):
            return get_texts(request.env)
        return get_texts(request.env(context={}))

    @classmethod
    def _tell(cls, title, text, api_error):
        """Return the answer: a page, a dialog of the web client, or an error of the API.

        :param api_error: class of the exception that callers of the API get
        """
        kind = request.dispatcher.routing_type
        if kind == "jsonrpc":
            # The web client has a dialog for this class only, not for those derived from it.
            return request.dispatcher.handle_error(UserError(f"{title}\n\n{text}"))
        if kind != "http":
            return request.dispatcher.handle_error(api_error(f"{title} {text}"))
        lang = (request.env.context.get("lang") or "en_US").partition("_")[0]
        page = PAGE.format(lang=lang, title=title, text=text)
        headers = {"Cache-Control": "no-store", "Retry-After": "10"}
        return Response(page, status=503, headers=headers, content_type="text/html; charset=utf-8")
