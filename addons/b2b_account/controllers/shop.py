from functools import partial

from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.b2b_portal.controllers.shop import B2BShopPortal
from odoo.addons.b2b_portal.quick_order_quantity import has_two_ways, parse_quantity
from odoo.addons.b2b_pricelist.formatting import (
    format_input_quantity,
    format_quantity,
    format_unit_price,
)

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
        """Return the values of a page that is there without an agreement in force, too.

        :param str page_name: which entry of the navigation is the current one
        :rtype: dict
        """
        partner = request.env.user.partner_id
        if agreement := partner._get_b2b_agreement(request.env.company):
            return self._b2b_values(agreement, page_name, **values)
        return {
            **self._prepare_portal_layout_values(),
            "agreement": agreement,
            "cart": request.env["sale.order"],
            "cart_count": 0,
            "b2b_messages": self._pop_b2b_messages(),
            "b2b_rights": partner._get_b2b_rights(),
            "format_price": partial(format_unit_price, request.env),
            "format_quantity": partial(format_quantity, request.env),
            "format_input_quantity": partial(format_input_quantity, request.env),
            "page_name": page_name,
            **values,
        }

    def _read_b2b_amount(self, value):
        """Return an amount as people write it; empty is 0.

        :param value: as the client sent it
        :rtype: float
        :raise UserError: when it is none, or may be read in two ways
        """
        text = self._read_text(value).strip()
        amount, error = parse_quantity(text or "0", MAX_AMOUNT)
        if has_two_ways(text) or error not in ("", "zero_quantity"):
            raise UserError(
                request.env._(
                    "%(text)s is no amount. Please write it without separators between thousands.",
                    text=text[:40],
                )
            )
        return amount
