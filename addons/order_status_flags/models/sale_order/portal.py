from collections import defaultdict

from markupsafe import Markup

from odoo import api, models
from odoo.fields import Domain

from ...promise import day_of
from .promise import COMPUTED_FROM


class SaleOrder(models.Model):
    """Order status: what the customer's own pages ask the order."""

    _inherit = "sale.order"

    @api.depends("was_placed")
    def _compute_type_name(self):
        """Override of `sale` to call no order that was placed a quotation, whatever its state."""
        res = super()._compute_type_name()
        for order in self.filtered(lambda order: order.state in ("sent", "cancel")):
            if order.was_placed:
                order.type_name = order.env._("Sales Order")
        return res

    def message_post(self, **kwargs):
        """Override of `sale` to let nobody who may only read make an order of a cart by a message.

        Odoo posts what customers and readers write as the superuser, in the context that their
        request brings.
        """
        orders = self
        # sudo: the rights of whoever writes count, not those of the route
        if self.env.context.get("mark_so_as_sent") and not self.sudo(False).has_access("write"):
            orders = self.with_context(mark_so_as_sent=False)
        return super(SaleOrder, orders).message_post(**kwargs)

    @api.model
    def _get_portal_placed_domain(self):
        """Return the domain of placed and cancelled orders, as the customer's list shows them.

        :rtype: Domain
        """
        return Domain("was_placed", "=", True)

    @api.model
    def _get_portal_status_filters(self):
        """Return what customers can filter their orders by: public statuses, by their name.

        Statuses of the same name (for two document types, for example) are one choice, and
        the id of each of them stands for it.

        :return: ``{status id: (name, ids of all statuses of that name)}``, in codebook order
        """
        statuses = self._get_public_statuses()
        names = {id_: name for id_, (name, _badge, active) in statuses.items() if active}
        alike = defaultdict(list)
        for status_id, name in names.items():
            alike[name].append(status_id)
        return {status_id: (name, alike[name]) for status_id, name in names.items()}

    @api.model
    def _get_public_statuses(self):
        """Return what the customer reads of the codebook, see ``sale.order.status``."""
        # sudo: customers do not read the companies above a branch
        company_ids = tuple(sorted(self.env.companies.sudo().parent_ids.ids))
        return self.env["sale.order.status"]._get_public_statuses(company_ids)

    def _get_portal_list_fields(self):
        """Return the names of the fields that the customer's list reads of each order.

        They are read in one query, and not with whatever else an order has.

        Hook: addons that show more of each order, or compute its address, add theirs.

        :rtype: list[str]
        """
        core = ("access_token", "amount_total", "currency_id", "date_order", "name")
        return [*core, *COMPUTED_FROM, "customer_status_id"]

    def _fetch_for_list(self):
        """Read of these orders (sudo) what the customer's list shows, at once."""
        self.fetch(self._get_portal_list_fields())

    def _get_customer_badges(self):
        """Return the badges for a list of these orders, each status rendered once.

        :rtype: dict[int, Markup] by id of the order
        """
        known = self._get_public_statuses()
        badges = {}
        # sudo: customers have no access to the codebook, only to the status they are shown
        for status, orders in self.sudo().grouped("customer_status_id").items():
            # One of a company that is not chosen at the moment is not among the known.
            badge = known[status.id][1] if status.id in known else status._get_customer_badge()
            badges.update(dict.fromkeys(orders.ids, badge))
        return badges

    def _get_customer_status_texts(self, promises):
        """Return what a list of these orders says of their statuses.

        With the promise for a phone, which has no room for one more column.

        :param dict promises: of ``_get_customer_promise_texts``
        :rtype: dict[int, Markup] by id of the order
        """
        on_phone = Markup('<div class="small d-md-none">%s</div>')
        return {
            order_id: badge + on_phone % promises[order_id] if order_id in promises else badge
            for order_id, badge in self._get_customer_badges().items()
        }

    def _get_customer_promise_texts(self, late):
        """Return what a list of these orders says of their promises, of those that it shows.

        No template for each: what QWeb does for a date takes longer than all else in a row.

        :param str late: what it says of those that have passed
        :rtype: dict[int, Markup] by id of the order
        """
        to_html = self.env["ir.qweb.field.date"].value_to_html
        late = Markup('<span class="text-danger">%s</span>') % late
        days, texts = {}, {}
        for order_id, promise in self._get_customer_promises().items():
            if not promise.get("is_shown"):
                continue
            day = promise["present"]
            if not promise["is_late"] and day not in days:
                days[day] = Markup("<span>%s</span>") % to_html(day, {})
            texts[order_id] = late if promise["is_late"] else days[day]
        return texts

    def _is_customer_side(self, partner):
        """Whether the contact belongs to the customer of this order and may see it.

        As Odoo's portal rule has it: the order's customer is the contact's company or one
        below it.

        :param res.partner partner: a contact, of any company
        """
        self.ensure_one()
        # sudo: asked for portal users, who do not read all contacts
        ancestor = self.partner_id.sudo()
        commercial = partner.sudo().commercial_partner_id
        while ancestor and ancestor != commercial:
            ancestor = ancestor.parent_id
        return bool(ancestor)

    def _may_be_cancelled_by(self, user):
        """Whether this user acts as the customer of the order; what is possible is another
        question, see ``_get_customer_cancellation``.

        Salespeople who look at the customer's page cancel in the back office.

        :param res.users user: logged in
        """
        self.ensure_one()
        if not self.with_user(user).has_access("read"):
            return False
        return user._is_portal() or self._is_customer_side(user.partner_id)

    def _get_customer_page_values(self):
        """Return what the customer's pages show about the status, empty for a quotation.

        :rtype: dict with ``order_status`` (sale.order.status, sudo, may be empty),
            ``order_status_steps`` (see ``_get_customer_timeline``), ``order_cancellation``
            (``'allowed'``, ``'on_request'``, ``'closed'``), ``order_cancellation_reason``,
            ``order_cancellation_requested_on``, ``order_cancellation_reason_required`` and
            ``order_promise`` (see ``_get_customer_promise``)
        """
        self.ensure_one()
        if not self.was_placed:
            return {}
        # sudo: customers do not read the internal fields; these values are for them
        order = self.sudo()
        qualifier, reason = order._get_customer_cancellation()
        return {
            "order_status_placed": True,
            "order_status": order.customer_status_id,
            "order_status_steps": order._get_customer_timeline(order._read_history()),
            "order_cancellation": qualifier,
            "order_cancellation_reason": reason,
            "order_cancellation_requested_on": order.cancellation_requested_on,
            "order_cancellation_reason_required": (
                order.company_id.order_status_cancel_reason_required
            ),
            "order_promise": order._get_customer_promise(),
        }

    def _get_tracking_page_values(self):
        """Return what the public tracking page shows: the status, the delivery and what was
        ordered, without prices.

        :return: ``_get_customer_page_values`` and ``order`` (sudo), ``placed_on`` (date,
            for the reader), ``delivery`` (dict with ``expected_date`` (date) and ``carriers``),
            ``lines`` (sale.order.line, sudo) and ``questions`` (see ``_get_customer_questions``)
        """
        self.ensure_one()
        order = self.sudo()  # the link is the right to see just this
        order._fetch_page_rows()
        delivery = order._get_customer_delivery_info()
        return {
            **order._get_customer_page_values(),
            "order": order,
            "placed_on": day_of(order._get_placed_on(), self.env.context.get("tz") or "UTC"),
            "delivery": {
                "expected_date": order._get_expected_delivery(delivery),
                "carriers": delivery.get("carriers") or [],
            },
            "lines": order._get_tracking_page_lines(),
            "questions": order._get_customer_questions(),
        }

    def _get_tracking_page_lines(self):
        """Return what was ordered, with its headings, of what Odoo shows the customer.

        :rtype: sale.order.line
        """
        self.ensure_one()
        ordered = self.order_line.filtered(lambda line: line._is_on_tracking_page())
        # Headings over what is there; also where the lines below are hidden on purpose.
        ordered += ordered.parent_id | ordered.parent_id.parent_id
        return self._get_order_lines_to_report().filtered(lambda line: line in ordered)

    def _get_expected_delivery(self, info):
        """Return when the delivery is expected, False when nothing is or the day has passed.

        :param dict info: see ``_get_customer_delivery_info``
        :return: the day where the company is, as promises are counted
        :rtype: date or False
        """
        self.ensure_one()
        category = self.customer_status_id.category
        if self._is_closed_to_customer():
            return False
        # What is done is not expected, unless a delivery is known that is still to come.
        by_order = category != "done" and self.commitment_date
        day = day_of(info.get("expected_date", by_order), self._get_promise_zone())
        promise = self._get_customer_promise()
        if promise.get("is_shown"):
            # What was promised counts, unless the delivery is known to come later.
            day = max(promise["present"], day) if day else promise["present"]
        return bool(day) and day >= self._get_promise_days()[self.company_id] and day

    def _get_placed_on(self):
        """Return when the customer placed the order.

        Odoo's own order date becomes the day on which the seller confirms; the history begins
        with the order, but was not there yet when an old order was placed.

        :rtype: datetime
        """
        self.ensure_one()
        moments = []
        for row in self.status_history_ids.sorted("id"):
            if not row.status_id and row.source == "event" and not row.mail_kind:
                moments = []  # back to quotation: what follows is a new order
            else:
                moments.append(row.date)
        return min([*moments, self.date_order or self.create_date])

    def _get_customer_page_tz(self, reader):
        """Return the time zone of all moments on a page of this order.

        That of who is logged in, else the customer's, the company's, UTC.

        :param res.users reader: who looks at the page, perhaps the public user
        :rtype: str
        """
        self.ensure_one()
        # sudo: visitors read neither customer nor company
        order = self.sudo()
        customer, company = order.partner_id, order.company_id.partner_id
        return (
            (not reader._is_public() and reader.tz)
            or customer.tz
            or customer.commercial_partner_id.tz
            or company.tz
            or "UTC"
        )
