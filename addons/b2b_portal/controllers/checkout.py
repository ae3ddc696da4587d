from odoo import http
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.http import request

from ..statement import Statement
from .cart import B2BCartPortal

# Other addons extend `_get_b2b_form_fields`.
FORM_FIELDS = ("client_order_ref", "commitment_date", "partner_shipping_id", "b2b_note")


class B2BCheckoutPortal(B2BCartPortal):
    """The checkout: what the buyer has seen is what is ordered, or the buyer is asked."""

    @http.route("/my/b2b/checkout", type="http", auth="b2b", website=True, methods=["GET"])
    def portal_b2b_checkout(self, **kwargs):
        """Show the checkout at today's prices, without writing anything."""
        agreement = request.b2b_agreement
        cart = request.env["sale.order"]._get_b2b_cart(agreement)
        if not cart.order_line:
            return self._b2b_redirect("/my/b2b/cart")
        return self._render_b2b_checkout(agreement, cart)

    @http.route("/my/b2b/checkout", type="http", auth="b2b", website=True, methods=["POST"])
    def portal_b2b_place_order(self, cart_id=None, show=None, **kwargs):
        """Order the cart as the page showed it.

        Fields `client_order_ref`, `commitment_date`, `partner_shipping_id`, `b2b_note`, and what
        the buyer has seen: `seen`, see `Statement`.

        :param str cart_id: the cart that the page showed
        :param str show: order nothing, show the page for the chosen address
        :return: the order's page; or the checkout again, with what has to be settled
        """
        agreement = request.b2b_agreement
        order = self._get_b2b_placed_order(cart_id)
        if order:  # a second click, or the way back and forth in the browser
            return self._b2b_redirect(order._get_b2b_placed_url().partition("?")[0])
        cart = request.env["sale.order"]._get_b2b_cart(agreement)
        if not cart.order_line:
            return self._b2b_redirect("/my/b2b/cart")
        cart._lock_b2b_cart()
        form = {name: request.httprequest.form.get(name) for name in self._get_b2b_form_fields()}
        seen = self._read_b2b_seen(cart)
        values, problems = cart._prepare_b2b_checkout_values(agreement, form)
        cart._set_b2b_shipping(values["partner_shipping_id"])
        cart._refresh_b2b_lines()
        today = cart._get_b2b_today()
        problems = cart._get_b2b_checkout_problems(agreement, today["untaxed"]) + problems
        if show:
            # Nothing is ordered, so nothing has to be settled; but an address must be one.
            refusal = cart._get_b2b_address_refusal()
            problems = [refusal] if refusal in problems else None
            return self._render_b2b_checkout(agreement, cart, form, problems)
        now = cart._get_b2b_statement(today)
        changes = cart._get_b2b_changes(seen, today, now)
        if problems or changes:
            return self._render_b2b_checkout(agreement, cart, form, problems, changes)
        cart = cart.with_context(b2b_stated=now)
        return self._place_b2b_cart(agreement, cart, values, form, seen)

    def _get_b2b_form_fields(self):
        """Hook: return the fields of the form that `_prepare_b2b_checkout_values` reads.

        :rtype: tuple[str]
        """
        return FORM_FIELDS

    def _place_b2b_cart(self, agreement, cart, values, form, seen):
        try:
            with request.env.cr.savepoint():
                cart._place_b2b_order(values)
                cart._check_b2b_as_stated(seen)
        except UserError as error:
            return self._render_b2b_checkout(agreement, cart, form, [str(error)])
        return self._b2b_redirect(cart._get_b2b_placed_url())

    def _get_b2b_placed_order(self, cart_id):
        """Return the buyer's order that was made of a cart, or an empty one.

        :param cart_id: as the client sent it
        """
        Order = request.env["sale.order"]
        return Order.search(
            Order._get_b2b_placed_domain()
            & Domain("id", "=", self._read_id(cart_id))
            & Domain("partner_id", "=", request.env.user.partner_id.id)
        )

    def _read_b2b_seen(self, cart):
        """Return what the buyer has seen: the page's, without a page what the last POST stored.

        :rtype: Statement
        """
        form = request.httprequest.form
        if any(name.startswith("seen") for name in form):
            return Statement.load(form.get("seen"))
        return cart._get_b2b_stored_statement()

    def _render_b2b_checkout(self, agreement, cart, form=None, problems=None, changes=()):
        values = self._b2b_values(agreement, "b2b_checkout")
        today = cart._get_b2b_today()
        if problems is None:
            problems = cart._get_b2b_checkout_problems(agreement, today["untaxed"])
            if not cart._get_b2b_shipping():
                problems.append(cart._get_b2b_address_refusal())
        statement = cart._get_b2b_statement(today)
        values.update(
            today=today,
            own_codes=cart.order_line.product_id._get_b2b_customer_codes(agreement.partner_id),
            statement=statement,
            problems=problems,
            changes=changes,
            form={**(form or {}), "partner_shipping_id": str(statement.address)},
            min_date=agreement._get_today(agreement._get_selling_company()).isoformat(),
        )
        return self._b2b_render("b2b_portal.portal_b2b_checkout", values)
