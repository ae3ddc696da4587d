from contextlib import suppress

import psycopg2
from markupsafe import Markup
from werkzeug.exceptions import ServiceUnavailable

from odoo import models
from odoo.exceptions import UserError
from odoo.http import Response, request

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
    """What users are told when the database goes away."""

    _inherit = "ir.http"

    @classmethod
    def _handle_error(cls, exception):
        """Override of `base`: who clicks while the database goes away is told what it means.

        Odoo itself has only "Internal Server Error" and a traceback for that.
        """
        if not cls._is_connection_lost(exception):
            return super()._handle_error(exception)
        title, text = cls._get_connection_lost_texts()
        kind = request.dispatcher.routing_type
        if kind == "jsonrpc":
            return request.dispatcher.handle_error(UserError(f"{title}\n\n{text}"))
        if kind != "http":
            return request.dispatcher.handle_error(ServiceUnavailable(f"{title} {text}"))
        lang = (request.env.context.get("lang") or "en_US").partition("_")[0]
        page = PAGE.format(lang=lang, title=title, text=text)
        headers = {"Cache-Control": "no-store", "Retry-After": "10"}
        return Response(page, status=503, headers=headers, content_type="text/html; charset=utf-8")

    @classmethod
    def _is_connection_lost(cls, exception):
        return isinstance(exception, psycopg2.Error) and bool(request.env and request.env.cr.closed)

    @classmethod
    def _get_connection_lost_texts(cls):
        def translate(env):
            # Whether a COMMIT arrived cannot be known, so nothing is promised.
            return (
                env._("The connection to the database was lost."),
                env._(
                    "What you have just sent was most likely not saved. Please wait a moment, look"
                    " whether it is there, and try again if it is not."
                ),
            )

        # The language may not be in memory yet.
        with suppress(psycopg2.Error):
            return translate(request.env)
        return translate(request.env(context={}))
