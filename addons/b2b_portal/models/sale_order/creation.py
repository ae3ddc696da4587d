from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.order_status_flags.typed_text import clean_text

from .guards import GUARDED_FIELDS

# What decides how an order begins. Defaults of the context count as if they were given.
FOLDED_FIELDS = ("b2b_template_name", "company_id", "partner_id", *GUARDED_FIELDS)


class SaleOrder(models.Model):
    """Creation: how B2B orders, carts and templates begin, and what they are called."""

    _inherit = "sale.order"

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `sale` to name B2B orders, and to let nothing begin half ordered.

        :raise UserError: for a second cart of a buyer, or a cart or template in another state
        """
        # Whoever may not create hears that first: a refusal names the buyer who has a cart.
        self.check_access("create")
        # The same for all: a default that counts up, like a number, is none of these fields.
        defaults = self.default_get(list(FOLDED_FIELDS))
        vals_list = [self._prepare_b2b_create_values(vals, defaults) for vals in vals_list]
        self._check_b2b_single_cart(vals_list)
        orders = super().create(vals_list)
        for order in orders:
            if order.b2b_qualifier == "template":
                order.name = order.b2b_template_name
        return orders

    def _prepare_b2b_create_values(self, vals, defaults):
        folded = {**defaults, **vals}
        qualifier = folded.get("b2b_qualifier")
        if not qualifier and folded.get("document_type") != "b2b":
            # Given, though empty: for what is not, Odoo asks the defaults anew for each order.
            return {**vals, "b2b_qualifier": False}
        vals = {**folded, "b2b_qualifier": qualifier or "order", "document_type": "b2b"}
        if vals["b2b_qualifier"] == "order":
            unnamed = vals.get("name") in (None, False, "", self._fields["name"].default(self))
            return {**vals, "name": self._next_b2b_number(vals) if unnamed else vals["name"]}
        if vals.get("state", "draft") != "draft" or any(
            vals.get(name) for name in ("locked", "signature", "signed_by", "signed_on")
        ):
            raise UserError(self._get_b2b_draft_refusal())
        if qualifier == "template":
            vals["b2b_template_name"] = self._clean_b2b_template_name(
                vals.get("b2b_template_name") or vals.get("name")
            )
        return {
            # a company's quotation template has terms for offers, and no lines for carts
            "sale_order_template_id": False,
            **vals,
            **self._get_b2b_draft_values(),
            # A name of ours: for "New", core takes a number of the sequence for quotations. A
            # template may be called that, so it gets its name afterwards.
            "name": self.env._("Cart") if qualifier == "cart" else "B2B",
        }

    def _get_b2b_draft_values(self):
        """Hook: return what carts and templates have in common, whatever defaults say.

        :rtype: dict
        """
        return {"state": "draft", "locked": False}

    @api.model
    def _next_b2b_number(self, vals):
        """Return the next number of pro-formas; without a sequence of theirs, one of orders."""
        # sudo: portal users check out, and do not read sequences
        sequence = self.env["ir.sequence"].sudo()
        sequence = sequence.with_company(vals.get("company_id") or self.env.company.id)
        return (
            sequence.next_by_code("b2b.proforma")
            # As core names an order: an archived sequence keeps nobody from ordering.
            or sequence.next_by_code("sale.order")
            or self.env._("New")
        )

    def _check_b2b_single_cart(self, vals_list):
        """Refuse a second cart in words; the unique index is for two at the same moment.

        :raise UserError: naming the customer
        """
        wanted = [
            self._get_b2b_cart_key(vals)
            for vals in vals_list
            if vals.get("b2b_qualifier") == "cart"
        ]
        if not wanted:
            return
        # sudo: a seller may not see the cart that is in the way
        carts = self.sudo().search(
            [
                ("b2b_qualifier", "=", "cart"),
                ("partner_id", "in", [partner_id for partner_id, *_others in wanted]),
            ]
        )
        taken = {
            (cart.partner_id.id, cart.b2b_customer_id.id, cart.company_id.id) for cart in carts
        }
        for key in wanted:
            if key in taken:
                # By the rights of the user: a buyer of another company is not named.
                partner = self.env["res.partner"].browse(key[0])
                partner.check_access("read")
                raise UserError(self.env._("%(buyer)s has a cart already.", buyer=partner.name))
            taken.add(key)

    def _get_b2b_cart_key(self, vals):
        """Return what one cart is for: buyer, customer and company."""
        # sudo: only the id of the customer is read
        partner = self.env["res.partner"].sudo().browse(vals.get("partner_id") or ())
        company_id = vals.get("company_id") or self.env.company.id
        return partner.id, partner.commercial_partner_id.id, company_id

    def copy_data(self, default=None):
        """Override of `sale` to make copies B2B again, with a number or name of their own.

        :raise UserError: for a cart, of which a buyer has one
        """
        if any(order.b2b_qualifier == "cart" for order in self):
            raise UserError(self.env._("A cart cannot be copied. Save it as a template instead."))
        vals_list = super().copy_data(default)
        for order, vals in zip(self, vals_list, strict=True):
            if order.b2b_qualifier:
                vals.setdefault("b2b_qualifier", order.b2b_qualifier)
            if order.b2b_qualifier == "template":
                vals.setdefault(
                    "b2b_template_name", self.env._("%s (copy)", order.b2b_template_name)
                )
        return vals_list

    @api.model
    def _clean_b2b_template_name(self, name):
        """Return a template's name in one line, never empty.

        :param str name: as typed
        :rtype: str
        """
        return clean_text(name, one_line=True)[:100] or self.env._("Template")
