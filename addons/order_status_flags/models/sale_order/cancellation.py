from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.mail_delivery_retry.attempt import may_be_told
from odoo.addons.mail_delivery_retry.language import get_active_lang

from ...context_keys import KEEP_REJECTED, TO_REQUEST
from ...status_change import StatusChange
from ...typed_text import clean_text, keep_lines

# What the qualifiers allow, from least to most.
QUALIFIER_RANK = {"closed": 0, "on_request": 1, "allowed": 2}
REASON_MAX_LENGTH = 2_000


class SaleOrder(models.Model):
    """Order status: cancellation by the customer.

    One rule decides (``_get_customer_cancellation``) for the page that offers it, the
    request that does it, and whoever reads the fields. It is asked again under the
    order's lock before anything is done.
    """

    _inherit = "sale.order"

    customer_cancellation = fields.Selection(
        selection=[
            ("allowed", "The customer may cancel"),
            ("on_request", "The customer may ask"),
            ("closed", "No longer possible"),
        ],
        compute="_compute_customer_cancellation",
        compute_sudo=True,
    )
    customer_cancellation_reason = fields.Char(
        compute="_compute_customer_cancellation",
        compute_sudo=True,
        help="Why the customer cannot cancel the order.",
    )
    cancellation_requested_on = fields.Datetime(
        string="Cancellation requested on",
        copy=False,
        readonly=True,
        index="btree_not_null",
        groups="base.group_user",
    )
    cancellation_request_reason = fields.Text(
        copy=False,
        readonly=True,
        groups="base.group_user",
        help="The customer's words, while the question is open. The messages keep them.",
    )

    # === COMPUTE METHODS === #

    @api.depends(
        "state",
        "locked",
        "document_type",
        "was_placed",
        "order_status_id.cancellation_qualifier",
        "order_status_id.is_public",
        "order_status_id.name",
        "customer_status_id.name",
        "order_line.invoice_lines.parent_state",
        "order_line.qty_delivered",
        "order_line.qty_invoiced",
        "transaction_ids.state",
        "transaction_ids.child_transaction_ids.state",
        "transaction_ids.child_transaction_ids.child_transaction_ids.state",
        "company_id.order_status_customer_cancel",
    )
    @api.depends_context("lang")
    def _compute_customer_cancellation(self):
        for order in self:
            qualifier, reason = order._get_customer_cancellation()
            order.customer_cancellation = qualifier
            order.customer_cancellation_reason = qualifier == "closed" and reason

    def _get_customer_cancellation(self):
        """Return whether the customer may cancel the order now, and why not.

        :return: ``(qualifier, reason)``; the reason is False while it is allowed
        """
        self.ensure_one()
        obstacles = self._get_cancellation_obstacles()
        limits = [("closed", reason) for reason in obstacles] or self._get_cancellation_limits()
        return min(limits, key=lambda limit: QUALIFIER_RANK[limit[0]], default=("allowed", False))

    def _get_cancellation_obstacles(self):
        """Return the facts that rule cancelling out for customer and seller alike.

        Hook: addons append what they know of (a delivery, for example). Read as superuser.

        :rtype: list[str] in the reader's language, the most telling first
        """
        self.ensure_one()
        if self.state == "cancel":
            return [self.env._("The order is already cancelled.")]
        if not self.was_placed:
            return [self.env._("This is not an order yet.")]
        obstacles = []
        # By the lines: `invoice_ids` of the order holds no receipts.
        lines = self.order_line
        if any(line.parent_state == "posted" for line in lines.invoice_lines) or any(
            line._is_invoiced_elsewhere() for line in lines
        ):
            obstacles.append(self.env._("The order has already been invoiced."))
        if any(line._is_handed_over() for line in lines):
            obstacles.append(self.env._("The order has already been delivered."))
        if self.locked:
            obstacles.append(self.env._("The order is being completed and is locked."))
        return obstacles

    def _is_shipped_elsewhere(self):
        """Whether another system has shipped something of the order, of which Odoo has no transfer.

        Hook: addons that hear of it.

        :rtype: bool
        """
        self.ensure_one()
        return False

    def _get_cancellation_limits(self):
        """Return what limits the customer, while the seller may still cancel.

        :rtype: list[tuple[str, str]] of the qualifier that is left, and the reason
        """
        limits = []
        if not self.company_id.order_status_customer_cancel:
            limits.append(("closed", self.env._("Please contact us to cancel an order.")))
        limits += self._get_status_cancellation_limits()
        if any(line._is_carried_out() for line in self.order_line):
            limits.append(
                ("on_request", self.env._("Part of the order has been carried out already."))
            )
        if self.transaction_ids._is_money_held():
            limits.append(
                ("on_request", self.env._("The order is paid online, so a person must refund it."))
            )
        return limits

    def _get_status_cancellation_limits(self):
        status = self.order_status_id
        if not status:
            return [("closed", self.env._("Please contact us to cancel this order."))]
        closed = status.category == "rejected" or status.cancellation_qualifier == "closed"
        if not closed and status.cancellation_qualifier == "on_request":
            return [("on_request", self.env._("We are already working on the order."))]
        if not closed:
            return []
        # An internal status is not named to the customer.
        name = status.name if status.is_public else self.customer_status_id.name
        reason = name and self.env._(
            "The order can no longer be cancelled: its status is “%(status)s”.", status=name
        )
        return [("closed", reason or self.env._("The order can no longer be cancelled."))]

    # === ACTION METHODS === #

    def action_accept_cancellation(self):
        """Cancel the orders that their customers asked to cancel.

        :return: True
        :raise UserError: when an order can no longer be cancelled (invoiced meanwhile, shipped,
            locked) or nobody asked
        :raise AccessError: without write access to the orders
        """
        self.check_access("write")
        self._lock_for_status_change()
        self.env.invalidate_all()  # see `_customer_cancel`
        for order in self:
            order._check_cancellation_request()
            # sudo: invoices and deliveries count, whether the seller reads them or not
            obstacles = order.sudo()._get_cancellation_obstacles()
            if obstacles:
                raise UserError(
                    self.env._(
                        "%(order)s can no longer be cancelled. %(reason)s",
                        order=order.display_name,
                        reason=obstacles[0],
                    )
                )
        self.action_cancel()
        for order in self:
            order._answer_cancellation_request(
                accepted=True, mailed_anyway=order._is_rejection_waiting()
            )
        return True

    def action_decline_cancellation(self, reason=False):
        """Tell the customers that their orders are not cancelled; they may ask again.

        :param str reason: told to the customer
        :return: True
        :raise UserError: when nobody asked
        :raise AccessError: without write access to the orders
        """
        self.check_access("write")
        self._lock_for_status_change()
        reason = self._clean_cancellation_reason(reason)
        for order in self:
            order._check_cancellation_request()
            order._answer_cancellation_request(accepted=False, reason=reason)
        self._close_cancellation_requests()
        return True

    # === BUSINESS METHODS === #

    def _action_cancel(self):
        """Override of `sale` to tell of the other orders that were on the draft invoices, or on
        the draft credit notes.

        Odoo cancels these as a whole, and says so nowhere.
        """
        drafts = self.invoice_ids.filtered(lambda move: move.state == "draft")
        res = super()._action_cancel()
        self._tell_of_cancelled_drafts(drafts.filtered(lambda move: move.state == "cancel"))
        return res

    def _tell_of_cancelled_drafts(self, drafts):
        """Note in all orders of an invoice that it was cancelled along with one of them.

        :param account.move drafts: invoices and credit notes that were cancelled along with these
            orders
        """
        bodies = {}
        # sudo: other people's orders, and whoever cancels, a customer perhaps
        for draft in drafts.sudo():
            orders = draft.line_ids.sale_line_ids.order_id
            others = orders.filtered(lambda order: order.state != "cancel")
            if not others:
                continue
            company = draft.company_id.partner_id
            told = draft.with_context(lang=get_active_lang(self.env, company.lang))
            names = {
                "invoice": told._get_html_link(),
                "cancelled": ", ".join((orders & self.sudo()).mapped("name")),
                "others": ", ".join(others.mapped("name")),
            }
            text = (
                told.env._(
                    "The draft credit note %(invoice)s was cancelled along with %(cancelled)s. It"
                    " was for %(others)s too, so a new credit note is needed.",
                    **names,
                )
                if draft.move_type == "out_refund"
                else told.env._(
                    "The draft invoice %(invoice)s was cancelled along with %(cancelled)s. It was"
                    " for %(others)s too, so a new invoice is needed.",
                    **names,
                )
            )
            body = Markup("<p>%s</p>") % text
            for order in orders & self.sudo() | others:
                bodies[order.id] = bodies.get(order.id, Markup()) + body
        if bodies:
            root = self.env.ref("base.partner_root").id
            self.sudo().browse(bodies)._message_log_batch(bodies, author_id=root)

    def _customer_cancel(self, reason, partner, by_link=False):
        """Cancel the order for its customer, or ask the seller to, as the rule allows.

        The caller has checked that the customer may act on this order. A second call
        changes nothing.

        :param str reason: the customer's words, may be empty
        :param res.partner partner: the customer who does it
        :param bool by_link: whether the tracking link was used instead of a login
        :return: ``'cancelled'``, ``'requested'`` or ``'unchanged'``
        :raise UserError: when it is closed, with the reason; when a required reason is missing
            or one is too long
        """
        self.ensure_one()
        # sudo: portal users have no write access to orders, and visitors none at all
        order = self.sudo()
        if order._is_customer_cancellation_done():
            return "unchanged"
        reason = order._clean_cancellation_reason(reason)
        # Lock first, check then: nothing can be invoiced or shipped in between.
        order._lock_for_status_change()
        # Read anew: what was read by whoever sees only some invoices must not decide.
        order.env.invalidate_all()
        qualifier, obstacle = order._get_customer_cancellation()
        if qualifier == "closed":
            raise UserError(obstacle)
        if order.company_id.order_status_cancel_reason_required and not reason:
            raise UserError(self.env._("Please tell us why you want to cancel the order."))
        if qualifier == "allowed":
            order._cancel_by_customer(reason, partner, by_link)
            return "cancelled"
        order._request_cancellation(reason, partner, by_link)
        return "requested"

    def _is_customer_cancellation_done(self):
        """Whether there is nothing left that the customer could do: cancelled or asked for."""
        self.ensure_one()
        # sudo: the field is internal, and customers ask
        return self.state == "cancel" or bool(self.sudo().cancellation_requested_on)

    def _cancel_by_customer(self, reason, partner, by_link):
        status = self.order_status_id._get_for_event(
            "order_cancelled", self.document_type, self.company_id
        )
        # The row comes before Odoo's own step, so that it names the customer and not the
        # event; without a status for cancelled orders it keeps the present one.
        change = StatusChange(
            self,
            status=status or self.order_status_id,
            note=self._get_cancellation_note(reason, by_link),
        )
        self._plan_status_changes([change], check_groups=False, any_path=True)
        change.outcome = "apply"
        self._apply_status_changes([change], source="customer", partner=partner)
        self.with_context(order_status_keep_rejected=KEEP_REJECTED)._action_cancel()
        self._tell_seller("order_status_flags.mail_activity_type_cancelled", reason)

    def _request_cancellation(self, reason, partner, by_link):
        self._write_status_fields(
            {
                "cancellation_requested_on": fields.Datetime.now(),
                "cancellation_request_reason": reason,
            }
        )
        note = self._get_cancellation_note(reason, by_link)
        body = self.env._("I would like to cancel this order.")
        self.message_post(
            body=Markup("<p>%s</p><p>%s</p>") % (body, keep_lines(note)) if note else body,
            author_id=partner.id,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        self._tell_seller("order_status_flags.mail_activity_type_cancellation_request", reason)

    def _get_cancellation_note(self, reason, by_link):
        if not by_link:
            return reason
        hint = self.env._("By the order status link, without login.")
        return f"{reason}\n{hint}" if reason else hint

    def _tell_seller(self, activity_type, reason):
        """Schedule the activity that tells somebody of the seller, in that person's language."""
        user = self._get_cancellation_user()
        order = self.with_context(lang=get_active_lang(self.env, user.lang or self.env.lang))
        summary = order.env.ref(activity_type).name
        if user:
            order.activity_schedule(
                activity_type,
                summary=summary,
                # Anybody who has the link can write it: text, whatever it looks like.
                note=keep_lines(reason) if reason else False,
                user_id=user.id,
            )
        else:
            order._message_log(body=summary)

    def _get_cancellation_user(self, without=()):
        """Return who is told: the salesperson, else the team leader, else a status manager.

        The first of them who may open the order.

        :param without: users who are passed over
        """
        group = self.env.ref("order_status_flags.group_status_manager")
        managers = group.all_user_ids.filtered(lambda user: user.active and not user.share)
        managers = managers.sorted("id")
        of_company = managers.filtered(lambda user: self.company_id in user.company_ids)
        candidates = (self.user_id, self.team_id.user_id, *of_company, *managers)
        told = (user for user in candidates if user not in without and may_be_told(self, user))
        return next(told, managers[:0])

    def _check_cancellation_request(self):
        # sudo: the field is internal
        if not self.sudo().cancellation_requested_on:
            raise UserError(
                self.env._(
                    "Nobody asked to cancel %(order)s, or it was answered already.",
                    order=self.display_name,
                )
            )

    def _is_rejection_waiting(self):
        """Whether an e-mail waits that tells the customer that the order is rejected."""
        # sudo: the state of the e-mails counts, whoever asks
        rows = self.sudo().status_history_ids.filtered(lambda row: row.mail_state == "pending")
        return any(not row.mail_kind and row.status_id.category == "rejected" for row in rows)

    def _answer_cancellation_request(self, accepted, reason=False, mailed_anyway=False):
        """Tell the customer the seller's answer, in the customer's language.

        Of a customer without one, in the company's, whatever the seller reads.
        """
        env = self.with_company(self.company_id).env
        lang = get_active_lang(env, self.partner_id.lang)
        customer = self.with_context(lang=lang, order_status_answer=TO_REQUEST)
        body = (
            customer.env._("Your request was accepted: the order is cancelled.")
            if accepted
            else customer.env._("We cannot cancel the order any more.")
        )
        body = Markup("<p>%s</p>") % body
        if reason:
            body += Markup("<p>%s</p>") % keep_lines(reason)
        # The e-mail about the new status tells it already; a second one would say the same.
        recipients = (
            {"notify_skip_followers": True}
            if mailed_anyway
            else {"partner_ids": self.partner_id.ids}
        )
        customer.message_post(
            body=body,
            subject=customer.env._("Order %(order)s: your request to cancel", order=self.name),
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            **recipients,
        )

    def _close_cancellation_requests(self):
        """Close what is open about a request to cancel that is answered: it, and its activity."""
        # sudo: an event, and activities of colleagues
        requested = self.sudo().filtered("cancellation_requested_on")
        if requested:
            requested._write_status_fields(
                {"cancellation_requested_on": False, "cancellation_request_reason": False}
            )
            requested.activity_unlink(
                ["order_status_flags.mail_activity_type_cancellation_request"]
            )

    @api.model
    def _clean_cancellation_reason(self, reason):
        too_long = self.env._(
            "The reason is too long: at most %(count)s characters.", count=REASON_MAX_LENGTH
        )
        return clean_text(reason, REASON_MAX_LENGTH, too_long)
