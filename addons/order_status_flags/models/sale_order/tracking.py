import secrets
import uuid

from odoo import api, fields, models
from odoo.tools import consteq

from .promise import COMPUTED_FROM

TOKEN_BYTES = 32
TOKENS = ("order_tracking_token", "access_token")
CONTACTS = {"partner_id", "partner_invoice_id", "partner_shipping_id"}
# What the customer's timeline is made of.
TIMELINE_FIELDS = [
    *("order_id", "date", "source", "mail_kind"),
    *("status_id", "previous_status_id", "undone_id"),
]

# What the public page needs of lines: of a hundred fields that a line has, most are
# read, and translated, only to be left alone. The last two are of `delivery` and `sale_loyalty`.
PAGE_LINE_FIELDS = (
    *("order_id", "display_type", "name", "sequence", "product_id", "product_uom_id"),
    *("product_uom_qty", "qty_delivered", "qty_delivered_method", "qty_invoiced"),
    *("is_downpayment", "is_expense"),
    *("collapse_composition", "company_id", "currency_id", "price_subtotal", "extra_tax_data"),
    *("is_delivery", "reward_id"),
)


class SaleOrder(models.Model):
    """Order status: the token of the public tracking page.

    A token of its own: the order's ``access_token`` lets its bearer read prices, sign,
    decline and pay.
    """

    _inherit = "sale.order"

    order_tracking_token = fields.Char(copy=False, readonly=True, groups="base.group_user")
    tracking_url = fields.Char(
        string="Order status link",
        compute="_compute_tracking_url",
        groups="base.group_user",
        help="The page that shows the customer, without login, where the order stands.",
    )

    _order_tracking_token_uniq = models.UniqueIndex(
        "(order_tracking_token) WHERE order_tracking_token IS NOT NULL",
        "The order tracking token must be unique.",
    )

    @api.depends(
        "order_tracking_token",
        "was_placed",
        "company_id.order_status_tracking_page",
    )
    def _compute_tracking_url(self):
        for order in self:
            order.tracking_url = order._get_tracking_url()

    def rotate_tracking_token(self):
        """Give the orders new tracking links; every earlier link is no longer found.

        :return: True
        :raise AccessError: without write access to the orders
        """
        self.check_access("write")
        self._lock_for_status_change()
        # sudo: the token is no field that anybody writes
        for order in self.sudo().filtered("order_tracking_token"):
            order._write_status_fields({"order_tracking_token": self._new_tracking_token()})
        return True

    @api.model
    def _new_tracking_token(self):
        return secrets.token_urlsafe(TOKEN_BYTES)

    def write(self, vals):
        """Override of `sale`: what was told to the former customer shows nothing of the new one,
        who is shown and told nothing of what that one has asked."""
        if CONTACTS.isdisjoint(vals):
            return super().write(vals)
        # sudo: links and e-mails are nobody's to write
        orders = self.sudo()
        before = {
            order.id: (order._get_mail_contacts(), order._get_link_owner()) for order in orders
        }
        res = super().write(vals)
        for order in orders:
            contacts, owner = before[order.id]
            partner = contacts["partner_id"]
            if order._get_link_owner() != owner:
                # A visitor without a name goes on with the page that he has open: the payment of
                # the express checkout brings the token of the cart along. Who logs in gets a new
                # one: the cart may have been somebody else's.
                if not owner.is_public or order.partner_id.user_ids:
                    order._renew_links()
                order._unsubscribe_former_customer(partner | owner)
                if order._has_customer_history():
                    order._forget_former_requests()
            # A cart has no e-mails, and gets its addresses one by one.
            may_wait = order.was_placed or order.partner_id != partner
            if may_wait and order._get_mail_contacts() != contacts:
                order._take_back_mails()
        return res

    def _get_mail_contacts(self):
        """Return whom a template may address: ``{field: res.partner}``."""
        return {name: self[name] for name in CONTACTS}

    def _get_link_owner(self):
        """Return the customer who has the links to this order; another one gets new ones.

        Hook: addons that know better whose the order is.

        :rtype: res.partner
        """
        return self.partner_id.commercial_partner_id

    def _renew_links(self):
        """End the links to these orders (sudo) that were given away: ours, and Odoo's own."""
        for order in self:
            values = {}
            if order.order_tracking_token:
                values["order_tracking_token"] = self._new_tracking_token()
            if order.access_token:
                values["access_token"] = str(uuid.uuid4())
            if values:
                order._as_part_of_write()._write_status_fields(values)

    def _unsubscribe_former_customer(self, partners):
        """Take customers and their contacts off the followers of this order (sudo)."""
        self.message_follower_ids.filtered(
            lambda follower: (
                follower.partner_id.partner_share
                and follower.partner_id != self.partner_id
                and (follower.partner_id | follower.partner_id.commercial_partner_id) & partners
            )
        ).unlink()

    def _has_customer_history(self):
        """Tell whether a former customer may have asked for anything at this order (sudo).

        Of what was placed before and is a quotation at the moment, too.

        Hook: addons add quotations at which they keep something of a customer.

        :rtype: bool
        """
        return self.was_placed or bool(self.status_history_ids)

    def _forget_former_requests(self):
        """Forget what the former customer of this order (sudo) has asked for.

        Messages keep the words, for colleagues only from now on: Odoo shows them on the order's
        page. The activity about a question stays, for whoever answers it.

        Hook: addons that keep more of a customer at an order part it from that here.
        """
        self._close_cancellation_requests()
        self.question_ids.unlink()
        self.message_ids.filtered(lambda message: not message.is_internal).is_internal = True
        rows = self.env["sale.order.status.history"]
        rows._find_waiting("link", self)._supersede_mails()

    def _forget_tracking_link(self):
        """Take the links off orders that are quotations again: placed anew, they get new ones."""
        # sudo: the token is no field that anybody writes
        for order in self.sudo().filtered("order_tracking_token"):
            order._as_part_of_write()._write_status_fields(
                {"order_tracking_token": False, "promised_date": False, "promise_told": False}
            )

    def _mark_as_placed(self):
        """Mint the tokens when the order is placed, and note what is promised.

        Pages and mails only ever read them.
        """
        # sudo: these are no fields that anybody writes
        orders = self.sudo()
        orders._mint_tokens()
        values = {order.id: order._prepare_promise_values() for order in orders}
        orders._write_status_values(values, told=())

    def _mint_tokens(self):
        """Give these orders (sudo) the tokens that they do not have.

        Odoo's own ``access_token`` too, which the links of the order list carry: minted by
        the first look at the list, no replica of the database could show it.

        Each order has its own, so by ``write`` each would be a write: that of the promise, which
        is written with them, is one for all orders.
        """
        with self.env.protecting([self._fields[name] for name in TOKENS], self):
            for order in self:
                order.order_tracking_token = (
                    order.order_tracking_token or self._new_tracking_token()
                )
                order.access_token = order.access_token or str(uuid.uuid4())
        self.modified(TOKENS)

    def _has_tracking_page(self):
        """Whether the public page of this order is open to who has its link."""
        self.ensure_one()
        # sudo: asked by the public page, whose visitor may read nothing
        order = self.sudo()
        return bool(
            order.order_tracking_token
            and order.company_id.order_status_tracking_page
            and order.was_placed
        )

    def _get_tracking_url(self):
        """Return the link of the public page, or False when the order has none.

        For e-mails and reports of people who may read the order.
        """
        self.ensure_one()
        if not self._has_tracking_page():
            return False
        # sudo: the mail is for the customer, who does not read the field
        return f"{self.get_base_url()}/order/status/{self.sudo().order_tracking_token}"

    @api.model
    def _get_by_tracking_token(self, token):
        """Return the order (sudo) that a tracking link shows, or an empty recordset.

        :param str token: from the URL, anything at all
        """
        if not self._is_tracking_token(token):
            # sudo: empty, in the mode of the full ones
            return self.sudo().browse()
        # sudo: the token is the right to see this page, and nothing but this page
        order = self.sudo().search_fetch(
            [("order_tracking_token", "=", token)], self._get_tracking_page_fields(), limit=1
        )
        order._fetch_page_settings()
        if order and consteq(order.order_tracking_token, token) and order._has_tracking_page():
            return order.with_company(order.company_id)
        return order.browse()

    @api.model
    def _is_placed_by_tracking_token(self, token):
        """Return whether there is a placed order with this token, reading nothing of it.

        :param str token: from the URL, anything at all
        :rtype: bool
        """
        # sudo: as in `_get_by_tracking_token`, which decides whether there is a page
        placed = [("order_tracking_token", "=", token), ("was_placed", "=", True)]
        return self._is_tracking_token(token) and bool(self.sudo().search_count(placed, limit=1))

    @api.model
    def _get_tracking_page_fields(self):
        """Return the names of the fields that the public page reads of its order.

        They are read with the order itself, and not with whatever else an order has.

        Hook: addons that show more of an order add theirs.

        :rtype: list[str]
        """
        return [
            *COMPUTED_FROM,
            *("cancellation_requested_on", "create_date", "customer_status_id", "date_order"),
            *("document_type", "locked", "name", "order_tracking_token", "partner_id"),
        ]

    def _fetch_page_settings(self):
        """Read what the public page of this order (sudo) needs of company and contacts.

        Of each it needs a few fields, of a hundred.
        """
        self.company_id.fetch(self.company_id._get_order_status_page_fields())
        partners = self.partner_id | self.company_id.partner_id
        names = partners._get_order_status_page_fields()
        partners.fetch(names)
        partners.commercial_partner_id.fetch(names)

    def _fetch_page_rows(self):
        """Read what the public page needs of the lines of this order (sudo)."""
        lines = self.order_line
        lines.fetch([name for name in PAGE_LINE_FIELDS if name in lines._fields])
        # Whether it is goods that were delivered.
        products = lines.filtered(lambda line: line._is_delivered()).product_id
        products.fetch(["product_tmpl_id"])
        products.product_tmpl_id.fetch(["type"])

    @api.model
    def _is_tracking_token(self, token):
        """Whether a text from the URL could be a token at all."""
        return isinstance(token, str) and 20 <= len(token) <= 100 and "\x00" not in token

    @api.model
    def _is_page_readable(self, order_id):
        """Whether the customer's page of this order can be shown without writing anything.

        :param int order_id: from the URL, of any order; unknown ones are not
        """
        # sudo: asked before anybody is logged in; the page itself checks the access
        order = self.sudo().browse(order_id).exists()
        return bool(order.access_token and order.was_placed)

    def _get_customer_delivery_info(self):
        """Return what the customer may know about the delivery.

        Hook: addons that know of deliveries fill it. Read as superuser.

        :rtype: dict with ``expected_date`` (datetime, UTC, or False) and ``carriers``
            (list of dicts with ``name``, ``ref`` and ``url``, each a text or False); empty
            when nothing is known. Without ``expected_date`` the order's own promise counts
        """
        self.ensure_one()
        return {}

    def _get_customer_timeline(self, history=None):
        """Return what the customer was shown, the newest first: each public status entered.

        Notes, flags and who did it are internal and left out.

        :param sale.order.status.history history: all of this order (sudo), where it is read
        :rtype: list[dict] with ``status`` (sale.order.status, sudo), ``date`` (datetime, UTC)
            and ``by_customer`` (bool)
        """
        self.ensure_one()
        steps = []
        # sudo: customers have no right to the history, only to what this method picks
        rows = (self.sudo().status_history_ids if history is None else history).sorted("id")
        undone = rows.undone_id
        for row in rows:
            if row in undone or row.undone_id:
                continue  # set by mistake, and taken back a moment later
            if row.mail_kind and row.status_id == row.previous_status_id:
                continue  # no change, but an e-mail
            if not row.status_id:
                steps = []  # back to quotation: what follows is a new order
            elif row.status_id != row.previous_status_id and row.status_id.is_public:
                if steps and steps[-1]["status"] == row.status_id:
                    continue  # an internal status came and went in between
                steps.append(
                    {
                        "status": row.status_id,
                        "date": row.date,
                        "by_customer": row.source == "customer",
                    }
                )
        return steps[::-1]

    def _read_history(self):
        """Return the history of this order (sudo), read in one query.

        Its own list would be read first, and then the rows of that.

        :rtype: sale.order.status.history
        """
        self.ensure_one()
        domain = [("order_id", "=", self.id)]
        return self.env["sale.order.status.history"].search_fetch(domain, TIMELINE_FIELDS)
