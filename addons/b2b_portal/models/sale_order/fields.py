from odoo import api, fields, models
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
# What decides how an order begins. Defaults of the context count as if they were given.
FOLDED_FIELDS = ("b2b_template_name", "company_id", "partner_id", *GUARDED_FIELDS)
# The key to the guard. An object and no flag, so that no RPC call can bring it in its context.
PLACING = object()


class SaleOrder(models.Model):
    """B2B orders: the pro-forma, and what is kept beside it and is no order yet.

    The qualifier says what a B2B order is: the buyer's `cart`, a `template` from which buyers
    order again, or the `order` itself, which only the checkout makes out of a cart. Carts and
    templates are drafts that nobody can confirm, sign, decline, pay or invoice.
    """

    _inherit = "sale.order"

    b2b_qualifier = fields.Selection(
        selection=[("cart", "Cart"), ("template", "Template"), ("order", "Pro-forma")],
        string="B2B qualifier",
        copy=False,
        index="btree_not_null",
        help="What the B2B order is: a buyer's cart, a template to order from, or a pro-forma."
        " Empty on other orders.",
    )
    b2b_template_name = fields.Char(string="Template name", copy=False)
    b2b_template_shared = fields.Boolean(
        string="Shared template",
        copy=False,
        help="Colleagues of the same company see and use the template; otherwise only its maker.",
    )
    is_b2b_pricelist = fields.Boolean(related="pricelist_id.is_b2b", groups="base.group_user")
    b2b_note = fields.Text(string="Note of the buyer", copy=False)

    _b2b_cart_uniq = models.UniqueIndex(
        "(partner_id, company_id) WHERE b2b_qualifier = 'cart'",
        "This buyer has a cart already.",
    )
    _b2b_template_named = models.Constraint(
        "CHECK (b2b_qualifier IS DISTINCT FROM 'template' OR b2b_template_name IS NOT NULL)",
        "A template needs a name.",
    )

    # === COMPUTE METHODS === #

    @api.model
    def _selection_document_type(self):
        """Override of `order_status_flags` to add the B2B pro-forma."""
        return [*super()._selection_document_type(), ("b2b", self.env._("B2B pro-forma"))]

    def _compute_document_type(self):  # pylint: disable=missing-return
        """Override of `order_status_flags`: whatever has a qualifier is B2B."""
        b2b_orders = self.filtered("b2b_qualifier")
        b2b_orders.document_type = "b2b"
        super(SaleOrder, self - b2b_orders)._compute_document_type()

    @api.depends("b2b_qualifier")
    def _compute_require_signature(self):  # pylint: disable=missing-return
        """Override of `sale`: the agreement is signed, its orders are not."""
        super()._compute_require_signature()
        self.filtered("b2b_qualifier").require_signature = False

    @api.depends("b2b_qualifier")
    def _compute_require_payment(self):  # pylint: disable=missing-return
        """Override of `sale`: B2B customers pay by the terms of their agreement."""
        super()._compute_require_payment()
        self.filtered("b2b_qualifier").require_payment = False

    @api.depends("b2b_qualifier")
    def _compute_validity_date(self):  # pylint: disable=missing-return
        """Override of `sale`: what the customer has ordered does not expire."""
        super()._compute_validity_date()
        self.filtered("b2b_qualifier").validity_date = False

    @api.depends("b2b_qualifier")
    def _compute_type_name(self):  # pylint: disable=missing-return
        """Override of `sale` to call B2B documents what they are."""
        super()._compute_type_name()
        names = dict(self._fields["b2b_qualifier"]._description_selection(self.env))
        for order in self.filtered("b2b_qualifier"):
            if order._is_b2b_draft():
                order.type_name = names[order.b2b_qualifier]
            elif order.state in ("draft", "sent"):
                order.type_name = self.env._("B2B pro-forma")

    def _compute_access_url(self):  # pylint: disable=missing-return
        """Override of `sale`: carts and templates have pages of their own."""
        super()._compute_access_url()
        for order in self:
            if order.b2b_qualifier == "cart":
                order.access_url = "/my/b2b/cart"
            elif order.b2b_qualifier == "template":
                order.access_url = f"/my/b2b/templates/{order.id}"

    def _compute_payment_term_id(self):  # pylint: disable=missing-return
        """Override of `sale`: the payment terms of the agreement in force beat the partner's."""
        super()._compute_payment_term_id()
        for company, orders in self.grouped("company_id").items():
            agreements = orders.partner_id._get_b2b_agreements(company)
            for order in orders:
                agreement = agreements.get(order.partner_id.id)
                if agreement and agreement.payment_term_id:
                    order.payment_term_id = agreement.payment_term_id.id

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `sale` to name B2B orders, and to let nothing begin half ordered.

        :raise UserError: for a second cart of a buyer, or a cart or template in another state
        """
        vals_list = [self._prepare_b2b_create_values(vals) for vals in vals_list]
        self._check_b2b_single_cart(vals_list)
        orders = super().create(vals_list)
        for order in orders:
            if order.b2b_qualifier == "template":
                order.name = order.b2b_template_name
        return orders

    def _prepare_b2b_create_values(self, vals):
        folded = {**self.default_get(list(FOLDED_FIELDS)), **vals}
        qualifier = folded.get("b2b_qualifier")
        if not qualifier and folded.get("document_type") != "b2b":
            return vals
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
        """Return what carts and templates have in common, whatever defaults say.

        :rtype: dict
        """
        values = {"state": "draft", "locked": False}
        if "website_id" in self._fields:
            # The website would take it for one of its own abandoned carts.
            values["website_id"] = False
        return values

    @api.model
    def _next_b2b_number(self, vals):
        """Return the next number of pro-formas, or None to leave it to core's sequence."""
        # sudo: portal users check out, and do not read sequences
        sequence = self.env["ir.sequence"].sudo()
        company_id = vals.get("company_id") or self.env.company.id
        return sequence.with_company(company_id).next_by_code("b2b.proforma")

    def _check_b2b_single_cart(self, vals_list):
        """Refuse a second cart in words; the unique index is for two at the same moment.

        :raise UserError: naming the customer
        """
        wanted = [
            (vals.get("partner_id"), vals.get("company_id") or self.env.company.id)
            for vals in vals_list
            if vals.get("b2b_qualifier") == "cart"
        ]
        if not wanted:
            return
        # sudo: a seller may not see the cart that is in the way
        carts = self.sudo().search(
            [
                ("b2b_qualifier", "=", "cart"),
                ("partner_id", "in", [partner_id for partner_id, _company in wanted]),
            ]
        )
        taken = {(cart.partner_id.id, cart.company_id.id) for cart in carts}
        for key in wanted:
            if key in taken:
                partner = self.env["res.partner"].browse(key[0])
                raise UserError(
                    # sudo: who names a buyer is told the name, nothing else
                    self.env._("%(buyer)s has a cart already.", buyer=partner.sudo().name)
                )
            taken.add(key)

    def write(self, vals):
        """Override of `sale` to keep carts and templates from becoming orders.

        :raise UserError: when a cart or template would leave its state, or an order would become
            one
        """
        if self.env.context.get("b2b_placing") is not PLACING:
            self._check_b2b_guard(vals)
        if vals.get("b2b_template_name"):
            name = self._clean_b2b_template_name(vals["b2b_template_name"])
            vals = {**vals, "b2b_template_name": name}
            if all(order.b2b_qualifier == "template" for order in self):
                vals["name"] = name
        return super().write(vals)

    def _check_b2b_guard(self, vals):
        guarded = [name for name in GUARDED_FIELDS if name in vals]
        if not guarded:
            return
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

    def copy_data(self, default=None):
        """Override of `sale`: a copy is B2B again, so that it gets a number or name of its own.

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

    # === GUARDS === #

    def _is_b2b_draft(self):
        """Whether this is a cart or a template, hence no order and no quotation.

        :rtype: bool
        """
        self.ensure_one()
        return self.b2b_qualifier in ("cart", "template")

    @api.model
    def _get_b2b_draft_domain(self):
        """Return the domain of carts and templates.

        :rtype: Domain
        """
        return Domain("b2b_qualifier", "in", ("cart", "template"))

    @api.model
    def _get_numbered_domain(self):
        """Override of `order_status_flags`: buyers name their templates as they like."""
        return super()._get_numbered_domain() & ~self._get_b2b_draft_domain()

    def _get_b2b_draft_refusal(self):
        return self.env._(
            "A B2B cart or template is no order: it cannot be sent, confirmed, signed, declined,"
            " paid, invoiced or locked. The buyer orders by checking out."
        )

    def _is_order_placed(self):
        """Override of `order_status_flags`: carts and templates are not placed."""
        return not self._is_b2b_draft() and super()._is_order_placed()

    def _confirmation_error_message(self):
        """Override of `sale` to refuse carts and templates in words of their own."""
        if self._is_b2b_draft():
            return self._get_b2b_draft_refusal()
        return super()._confirmation_error_message()

    def action_quotation_send(self):
        """Override of `sale`: a cart or template is no offer.

        :raise UserError: for carts and templates
        """
        self._check_no_b2b_draft()
        return super().action_quotation_send()

    def message_post(self, **kwargs):
        """Override of `sale`: nor is it mailed as an offer by the composer.

        :raise UserError: for carts and templates that would be marked as sent
        """
        if self.env.context.get("mark_so_as_sent"):
            self._check_no_b2b_draft()
        return super().message_post(**kwargs)

    def _check_no_b2b_draft(self):
        if any(order._is_b2b_draft() for order in self):
            raise UserError(self._get_b2b_draft_refusal())

    def _get_default_payment_link_values(self):
        """Override of `sale`: no link to an online payment.

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
        """Override of `sale`: every way to an invoice, down payments included, passes here.

        :raise UserError: for carts and templates
        """
        if self._is_b2b_draft():
            raise UserError(self._get_b2b_draft_refusal())
        return super()._prepare_invoice()

    def _has_to_be_signed(self):
        """Override of `sale`: the customer never signs B2B orders."""
        return not self.b2b_qualifier and super()._has_to_be_signed()

    def _has_to_be_paid(self):
        """Override of `sale`: the customer never pays B2B orders online."""
        return not self.b2b_qualifier and super()._has_to_be_paid()

    def _can_be_edited_on_portal(self):
        """Override of `sale`: what was ordered is changed by the seller only."""
        return not self.b2b_qualifier and super()._can_be_edited_on_portal()

    def _get_portal_return_action(self):
        """Override of `sale` to lead sellers back to the pro-formas."""
        if self.b2b_qualifier:
            return self.env.ref("b2b_portal.sale_order_action_b2b_proforma")
        return super()._get_portal_return_action()

    # === HELPERS === #

    @api.model
    def _clean_b2b_template_name(self, name):
        """Return a template's name in one line, never empty.

        :param str name: as typed
        :rtype: str
        """
        return " ".join((name or "").replace("\x00", "").split())[:100] or self.env._("Template")

    @api.model
    def _get_b2b_export_table(self, orders):
        """Return the customer's orders as a table, one row per line.

        :param sale.order orders: in the rights of the customer
        :return: header and rows
        :rtype: list[list]
        """
        header = [
            self.env._("Order"),
            self.env._("Date"),
            self.env._("PO number"),
            self.env._("Order status"),
            self.env._("SKU"),
            self.env._("Article"),
            self.env._("Quantity"),
            self.env._("Unit"),
            self.env._("Unit price (untaxed)"),
            self.env._("Amount (untaxed)"),
            self.env._("Currency"),
        ]
        # sudo: customers read their lines, and neither the products nor the units in them
        lines = orders.sudo().order_line.filtered(lambda line: not line.display_type)
        return [header] + [
            [
                line.order_id.name,
                fields.Date.to_string(line.order_id.date_order),
                line.order_id.client_order_ref or "",
                line.order_id.customer_status_id.name or "",
                line.product_id.default_code or line.product_id.barcode or "",
                line.product_id.name or line.name or "",
                line.product_uom_qty,
                line.product_uom_id.name or "",
                line.price_reduce_taxexcl,
                line.price_subtotal,
                line.currency_id.name,
            ]
            for line in lines
        ]
