from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

# What makes a cart or template an order, or looks like it: by checkout only.
GUARDED_FIELDS = (
    "b2b_qualifier",
    "document_type",
    "locked",
    "signature",
    "signed_by",
    "signed_on",
    "state",
)
# The key to the guard. An object and no flag, so that no RPC call can bring it in its context.
PLACING = object()


class SaleOrder(models.Model):
    """Guards: carts and templates become no orders, and nobody pays B2B orders online."""

    _inherit = "sale.order"

    def write(self, vals):
        """Override of `sale` to keep carts and templates from becoming orders.

        :raise UserError: when a cart or template would leave its state, or an order would become
            one
        """
        if self.env.context.get("b2b_placing") is not PLACING:
            self._check_b2b_guard(vals)
        is_template = all(order.b2b_qualifier == "template" for order in self)
        if is_template and not vals.get("b2b_template_shared", True):
            vals = {**vals, "access_token": False}  # no more for whoever has it
        if vals.get("b2b_template_name"):
            name = self._clean_b2b_template_name(vals["b2b_template_name"])
            vals = {**vals, "b2b_template_name": name}
            if is_template:
                vals["name"] = name
        return super().write(vals)

    def _check_b2b_guard(self, vals):
        guarded = [name for name in GUARDED_FIELDS if name in vals]
        if not guarded:
            return
        # Whoever may not write hears that first; the refusals below tell what is in the order.
        self.check_access("write")
        for order in self:
            if order._is_b2b_draft():
                if any((vals[name] or False) != (order[name] or False) for name in guarded):
                    raise UserError(order._get_b2b_draft_refusal())
            elif vals.get("b2b_qualifier", order.b2b_qualifier) != order.b2b_qualifier or (
                order.b2b_qualifier and vals.get("document_type", "b2b") != "b2b"
            ):
                raise UserError(
                    self.env._(
                        "%(order)s stays what it is: the B2B qualifier and the type of an order"
                        " are fixed when it is made.",
                        order=order.display_name,
                    )
                )

    def _is_b2b_draft(self):
        """Whether this is a cart, a template or the like, hence no order and no quotation.

        :rtype: bool
        """
        self.ensure_one()
        return self.b2b_qualifier not in (False, "order")

    @api.model
    def _get_b2b_draft_domain(self):
        """Return the domain of carts, templates and the like: no orders.

        :rtype: Domain
        """
        return Domain("b2b_qualifier", "not in", (False, "order"))

    @api.model
    def _get_numbered_domain(self):
        """Override of `order_status_flags` to leave out templates: buyers name them."""
        return super()._get_numbered_domain() & Domain("b2b_qualifier", "!=", "template")

    def _get_b2b_draft_refusal(self):
        return self.env._(
            "A B2B cart or template is no order: it cannot be sent, confirmed, signed, declined,"
            " paid, invoiced or locked. The buyer orders by checking out."
        )

    def _is_order_placed(self):
        """Override of `order_status_flags` to count carts and templates as not placed."""
        return super()._is_order_placed() and not self._is_b2b_draft()

    def _confirmation_error_message(self):
        """Override of `sale` to refuse carts and templates in words of their own."""
        if self._is_b2b_draft():
            return self._get_b2b_draft_refusal()
        return super()._confirmation_error_message()

    def action_quotation_send(self):
        """Override of `sale` to send no cart or template as an offer.

        :raise UserError: for carts and templates
        """
        self._check_no_b2b_draft()
        return super().action_quotation_send()

    def message_post(self, **kwargs):
        """Override of `sale` to mail no cart or template as an offer by the composer.

        :raise UserError: for carts and templates that would be marked as sent
        """
        if self.env.context.get("mark_so_as_sent"):
            self._check_no_b2b_draft()
        return super().message_post(**kwargs)

    def _check_no_b2b_draft(self):
        if any(order._is_b2b_draft() for order in self):
            raise UserError(self._get_b2b_draft_refusal())

    def _portal_ensure_token(self):
        """Override of `portal` to give carts and templates no token: nobody opens them by one."""
        return "" if self._is_b2b_draft() else super()._portal_ensure_token()

    @api.model
    def _get_thread_with_access(self, thread_id, **kwargs):
        """Override of `portal` to open the log of carts and templates to no token.

        Whoever may read the cart or template may read its log.
        """
        # sudo: only what kind of order it is
        order = self.sudo().browse(thread_id).exists()
        if order and order._is_b2b_draft():
            kwargs = {
                name: value
                for name, value in kwargs.items()
                if name not in ("hash", "pid", "token")
            }
        return super()._get_thread_with_access(thread_id, **kwargs)

    def _get_default_payment_link_values(self):
        """Override of `sale` to make no link to an online payment.

        :raise UserError: for carts, templates and pro-formas
        """
        self.ensure_one()
        if self.b2b_qualifier:
            raise UserError(self._get_b2b_payment_refusal())
        return super()._get_default_payment_link_values()

    @api.model
    def _get_b2b_payment_refusal(self):
        return self.env._("B2B orders are paid by the terms of the agreement, not online.")

    def _prepare_invoice(self):
        """Override of `sale` to invoice no carts and templates: every way passes here.

        :raise UserError: for carts and templates
        """
        if self._is_b2b_draft():
            raise UserError(self._get_b2b_draft_refusal())
        return super()._prepare_invoice()

    def _has_to_be_signed(self):
        """Override of `sale` to let customers sign no B2B orders."""
        return not self.b2b_qualifier and super()._has_to_be_signed()

    def _has_to_be_paid(self):
        """Override of `sale` to let customers pay no B2B orders online."""
        return not self.b2b_qualifier and super()._has_to_be_paid()

    def _can_be_edited_on_portal(self):
        """Override of `sale` to let nobody but the seller change what was ordered."""
        return not self.b2b_qualifier and super()._can_be_edited_on_portal()

    def _get_portal_return_action(self):
        """Override of `sale` to lead sellers back to the pro-formas."""
        if self.b2b_qualifier:
            return self.env.ref("b2b_portal.sale_order_action_b2b_proforma")
        return super()._get_portal_return_action()
