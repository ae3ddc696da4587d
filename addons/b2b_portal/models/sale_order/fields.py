from odoo import api, fields, models


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
    b2b_template_key = fields.Char(
        string="Page key",
        copy=False,
        groups="base.group_user",
        help="Key of the page by which the template was ordered last: a page orders it once.",
    )
    b2b_note = fields.Text(string="Note of the buyer", copy=False)

    _b2b_cart_uniq = models.UniqueIndex(
        "(partner_id, b2b_customer_id, company_id) WHERE b2b_qualifier = 'cart'",
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
        """Override of `order_status_flags` to call B2B whatever has a qualifier."""
        b2b_orders = self.filtered("b2b_qualifier")
        b2b_orders.document_type = "b2b"
        super(SaleOrder, self - b2b_orders)._compute_document_type()

    @api.depends("b2b_qualifier")
    def _compute_require_signature(self):  # pylint: disable=missing-return
        """Override of `sale` to require no signature: the agreement has one."""
        super()._compute_require_signature()
        self.filtered("b2b_qualifier").require_signature = False

    @api.depends("b2b_qualifier")
    def _compute_require_payment(self):  # pylint: disable=missing-return
        """Override of `sale` to require no payment: the terms of the agreement count."""
        super()._compute_require_payment()
        self.filtered("b2b_qualifier").require_payment = False

    @api.depends("b2b_qualifier", "amount_total")
    def _compute_amount_paid(self):  # pylint: disable=missing-return
        """Override of `sale` to leave nothing to pay of what is no order.

        The till of `pos_sale` offers whatever has something left to pay, see decision 0032.
        """
        super()._compute_amount_paid()
        for order in self.filtered(lambda one: one._is_b2b_draft()):
            order.amount_paid = order.amount_total

    @api.depends("b2b_qualifier")
    def _compute_validity_date(self):  # pylint: disable=missing-return
        """Override of `sale` to let nothing expire that the customer has ordered."""
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

    @api.depends("payment_term_id")
    def _compute_promise(self):
        """Override of `order_status_flags`: the terms say whether a pro-forma waits."""
        return super()._compute_promise()

    def _starts_when_confirmed(self):
        """Override of `order_status_flags`: a buyer on account has nothing more to do.

        What waits then waits for the seller, whose promise counts from the checkout on. Where
        something is to be paid at once, as it is without terms, the pro-forma waits for it.
        """
        due = self.payment_term_id.line_ids
        on_account = due and all(line.nb_days or line.delay_type != "days_after" for line in due)
        return super()._starts_when_confirmed() and not (
            self.b2b_qualifier == "order" and on_account
        )

    def _get_portal_list_fields(self):
        """Override of `order_status_flags`: the address of each order goes by its qualifier."""
        return [*super()._get_portal_list_fields(), "b2b_qualifier"]

    def _compute_access_url(self):  # pylint: disable=missing-return
        """Override of `sale` to lead to the own pages of carts and templates."""
        super()._compute_access_url()
        for order in self:
            if order.b2b_qualifier == "cart":
                order.access_url = "/my/b2b/cart"
            elif order.b2b_qualifier == "template":
                order.access_url = f"/my/b2b/templates/{order.id}"
