from datetime import datetime

from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.b2b_portal.controllers.shop import B2BShopPortal
from odoo.addons.b2b_portal.quick_order_quantity import has_two_ways, parse_quantity

MAX_AMOUNT = 1_000_000_000_000


class B2BAccountPortal(B2BShopPortal):
    """What the pages about the customer's own company share."""

    def _b2b_values(self, agreement, page_name, **values):
        """Override of `b2b_portal` to show in the navigation what the buyer may."""
        return super()._b2b_values(
            agreement,
            page_name,
            **{"b2b_rights": request.env.user.partner_id._get_b2b_rights(), **values},
        )

    def _b2b_account_values(self, page_name, **values):
        """Return the values of a page about the customer's own company.

        :param str page_name: which entry of the navigation is the current one
        :rtype: dict
        """
        return self._b2b_values(request.b2b_agreement, page_name, **values)

    def _read_b2b_day(self, value):
        """Return a day written as YYYY-MM-DD; empty is False.

        :param value: as the client sent it
        :rtype: date
        :raise ValueError: when it is none, or none of our time; Odoo's own reader passes over what
            stands behind a day
        """
        text = self._read_text(value).strip()
        if not text:
            return False
        day = datetime.strptime(text, "%Y-%m-%d").date()
        if not 1970 <= day.year <= 9000:
            raise ValueError("year")
        return day

    def _read_b2b_amount(self, value):
        """Return an amount as people write it; empty is 0.

        :param value: as the client sent it
        :rtype: float
        :raise UserError: when it is none, or may be read in two ways
        """
        text = self._read_text(value).strip()
        amount, error = parse_quantity(text, MAX_AMOUNT, missing=0.0)
        # Less than the smallest coin would be stored as 0, which is "no limit".
        is_lost = amount and not round(amount, 2)
        if is_lost or has_two_ways(text) or error not in ("", "zero_quantity"):
            raise UserError(
                request.env._(
                    "%(text)s is no amount. Please write it without separators between thousands.",
                    text=text[:40],
                )
            )
        return amount
