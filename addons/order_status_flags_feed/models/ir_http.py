from contextlib import suppress

from werkzeug.exceptions import RequestEntityTooLarge

from odoo import models
from odoo.exceptions import AccessError
from odoo.http import request

from ..feed_row import MAX_BYTES

CLIENT_METHODS = ("push", "dry_run", "changes", "orders")


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _pre_dispatch(cls, rule, args):
        """Override of `base`: the two limits of the feed, before anything is read or done.

        :raise AccessError: when the client of a feed asks for anything else
        :raise RequestEntityTooLarge: for a push above the cap
        """
        res = super()._pre_dispatch(rule, args)
        is_feed_call = (
            args.get("__model__") == "order.flag.feed" and args.get("__method__") in CLIENT_METHODS
        )
        if is_feed_call:
            cls._check_feed_call_size()
        # No user at all on routes without a login.
        elif request.env.uid and request.env.user._is_feed_client_only():
            raise AccessError(
                request.env._(
                    "This user can push what an ERP tells, try it, read changes and fetch"
                    " orders, and nothing else."
                )
            )
        return res

    @classmethod
    def _check_feed_call_size(cls):
        if (request.httprequest.content_length or 0) <= MAX_BYTES:
            return
        # Read what comes: a connection closed amid the upload shows the client no answer.
        with suppress(RequestEntityTooLarge):
            request.httprequest.get_data(cache=False)
        raise RequestEntityTooLarge(
            request.env._(
                "The call is larger than %(cap)s MiB. Please send fewer rows at a time.",
                cap=MAX_BYTES // 1024 // 1024,
            )
        )
