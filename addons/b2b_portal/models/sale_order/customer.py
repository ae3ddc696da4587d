from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class SaleOrder(models.Model):
    """Customer: whom an order was made for, wherever its contact goes later."""

    _inherit = "sale.order"

    b2b_customer_id = fields.Many2one(
        comodel_name="res.partner",
        string="Made for",
        compute="_compute_b2b_customer_id",
        store=True,
        precompute=True,
        copy=False,
        index=True,
        ondelete="restrict",
        help="The company, or the person without one, for whom the order was made. It stays when"
        " the contact changes companies, and decides who sees the order in the portal.",
    )

    # Not on the company of the contact: whoever moves leaves the orders behind.
    @api.depends("partner_id")
    def _compute_b2b_customer_id(self):
        for order in self:
            order.b2b_customer_id = order.partner_id.commercial_partner_id

    def write(self, vals):
        """Override of `sale`: the same contact written once more does not move the order.

        :raise UserError: when a user would move an order from its customer to another one by hand,
            or what a buyer keeps
        """
        self._check_b2b_owner(vals)
        if "partner_id" not in vals:
            return super().write(vals)
        same = self.filtered(lambda order: order.partner_id.id == vals["partner_id"])
        with self.env.protecting([self._fields["b2b_customer_id"]], same):
            return super().write(vals)

    def _check_b2b_owner(self, vals):
        """Keep each order with its customer, and what is no order with its buyer.

        The portal shows an order to the customer that it was made for, with all its prices.
        Colleagues take over each other's carts and templates; a request stays its buyer's.

        :param dict vals: of `write`
        :raise UserError: for a user who would change that; code may
        """
        if self.env.su or not {"b2b_customer_id", "partner_id"} & vals.keys():
            return
        # Whoever may not write hears that first.
        self.check_access("write")
        # sudo: whose contact it is, whoever changes the order
        new = self.env["res.partner"].sudo().browse(vals.get("partner_id") or ())
        for order in self.sudo():
            moves = bool(new) and new != order.partner_id
            customer = new.commercial_partner_id if moves else order.b2b_customer_id
            if vals.get("b2b_customer_id", customer.id) != customer.id:
                raise UserError(self._get_b2b_customer_refusal())
            if moves and not order._is_b2b_open_to(customer):
                raise UserError(
                    self.env._(
                        "A cart or template stays with its customer, and a request for approval"
                        " with its buyer. Make a new one for another customer."
                    )
                )

    def _is_b2b_open_to(self, customer):
        """Whether another contact may take the order over, one of this customer."""
        if self.b2b_qualifier in ("cart", "template"):
            return customer == self.b2b_customer_id
        return not self._is_b2b_draft()

    @api.model
    def _get_b2b_customer_refusal(self):
        return self.env._(
            "For whom an order is made follows from its contact. Choose another contact instead."
        )

    def copy(self, default=None):
        """Override of `sale`: agreed prices are not copied for another customer."""
        copies = super().copy(default)
        for order, new in zip(self, copies, strict=True):
            # sudo: sellers copy orders on lists that they may not read
            if new.b2b_customer_id != order.b2b_customer_id and order.pricelist_id.sudo().is_b2b:
                new._compute_pricelist_id()
                new._recompute_prices()
        return copies

    @api.model
    def _get_b2b_customer_domain(self, partner):
        """Return what was made for a contact's company or one below it, or for the contact alone.

        The record rules say the same.

        :param res.partner partner: a contact
        :rtype: Domain
        """
        commercial = partner.commercial_partner_id
        return Domain("b2b_customer_id", "in", (commercial | partner).ids) | (
            Domain("b2b_customer_id", "child_of", commercial.ids)
            & Domain("b2b_customer_id.is_company", "=", True)
        )

    def _is_customer_side(self, partner):
        """Override of `order_status_flags`: who belongs to the customer the order was made for."""
        self.ensure_one()
        # sudo: asked for portal users, who do not read all contacts
        partner = partner.sudo()
        return bool(self.sudo().filtered_domain(self._get_b2b_customer_domain(partner)))

    def _get_link_owner(self):
        """Override of `order_status_flags`: the customer the order was made for."""
        return self.b2b_customer_id

    @api.model
    def _part_b2b_contact(self, partner, former):
        """Part a contact who has left from the orders that stay with the customer.

        :param res.partner partner: the contact, in sudo mode
        :param res.partner former: the customer
        """
        # Not from those of a subsidiary, when the contact goes to the head office.
        stays = self._get_b2b_customer_domain(partner)
        left = Domain("b2b_customer_id", "=", former.id) & ~stays
        orders = self.with_env(partner.env).search(left & Domain("partner_id", "=", partner.id))
        orders._renew_links()
        orders._take_back_mails()
        followers = partner.env["mail.followers"].search(
            [("res_model", "=", self._name), ("partner_id", "=", partner.id)]
        )
        closed = orders.browse(followers.mapped("res_id")).filtered_domain(left)
        followers.filtered(lambda follower: follower.res_id in closed._ids).unlink()

    def _get_mail_obstacle(self, recipients):
        """Override of `order_status_flags`: no contact is mailed about a former company's order."""
        if self._is_customer_side(self.partner_id):
            return super()._get_mail_obstacle(recipients)
        return self.env._(
            "%(contact)s has left %(customer)s. Put another contact of the customer on the order.",
            contact=self.partner_id.name,
            customer=self.b2b_customer_id.name,
        )

    def _get_b2b_party(self):
        """Return for whom the order is priced today.

        :return: the contact, or the customer when the contact has left it
        :rtype: res.partner
        """
        self.ensure_one()
        customer, partner = self.b2b_customer_id, self.partner_id
        return partner if partner.commercial_partner_id == customer else customer or partner

    def _prepare_invoice(self):
        """Override of `sale`: no invoice goes along with a contact who has left the customer."""
        values = super()._prepare_invoice()
        invoiced = self.partner_invoice_id.commercial_partner_id
        if self._get_b2b_party() != self.partner_id and invoiced == (
            self.partner_id.commercial_partner_id
        ):
            values["partner_id"] = self.b2b_customer_id.address_get(["invoice"])["invoice"]
        return values

    def _join_b2b_carts(self):
        """Make one cart of these: the newest one, with the articles of all."""
        keep = self.sorted("id")[-1:]
        others = self - keep
        keep = keep.with_context(tracking_disable=True)
        keep._add_b2b_lines([wanted for cart in others for wanted in cart._get_b2b_wanted()])
        for reason in (reason for cart in others for reason in cart._get_b2b_left_out()):
            keep._message_log(body=reason)
        others.unlink()
