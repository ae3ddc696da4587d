import re

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...trigram import index_parts

# What people type as a phone number, and how many digits make one.
PHONE = re.compile(r"[+()\d\s./-]+")
PHONE_DIGITS = 6
# The answer of a mail server as Python words it: (550, b'5.1.1 No such user').
SMTP_ANSWER = re.compile(r"\((\d{3}), b?(['\"])(.*?)\2")
SMTP_ADDRESS = re.compile(r"['\"<]([^\s'\"<>]+@[^\s'\"<>]+)['\">]")


class SaleOrder(models.Model):
    """Order status: what the back office's views ask for.

    Nothing here decides: pickers offer what the writer would accept, and the writer says
    the last word.
    """

    _inherit = "sale.order"

    can_have_status = fields.Boolean(
        compute="_compute_can_have_status", compute_sudo=True, groups="base.group_user"
    )
    allowed_status_ids = fields.Many2many(
        comodel_name="sale.order.status",
        compute="_compute_allowed_status_ids",
        groups="base.group_user",
    )
    allowed_flag_ids = fields.Many2many(
        comodel_name="sale.order.flag",
        compute="_compute_allowed_flag_ids",
        groups="base.group_user",
    )
    status_history_count = fields.Integer(
        compute="_compute_status_history_count", compute_sudo=True, groups="base.group_user"
    )
    # sudo: who reads an order may know that its customer was not reached
    status_mail_failed = fields.Boolean(
        string="Status e-mail failed",
        compute="_compute_status_mail_failed",
        compute_sudo=True,
        search="_search_status_mail_failed",
        groups="base.group_user",
        help="The last e-mail about the order status did not reach the customer.",
    )
    status_mail_error = fields.Char(
        compute="_compute_status_mail_failed", compute_sudo=True, groups="base.group_user"
    )
    status_attention = fields.Selection(
        selection=[
            ("against_rejection", "Rejected, but goes on"),
            ("cancellation", "Wants to cancel"),
            ("question", "Asks a question"),
            ("mail_failed", "E-mail failed"),
            ("stuck", "Stuck"),
        ],
        string="Attention",
        compute="_compute_status_attention",
        search="_search_status_attention",
        groups="base.group_user",
        help="What a person has to look after, the most pressing first.",
    )
    # Computed, not related: customers could group and sort their orders by a related field.
    order_status_category = fields.Selection(
        selection="_selection_order_status_category",
        string="Category",
        compute="_compute_order_status_category",
        compute_sudo=True,
        search="_search_order_status_category",
        groups="base.group_user",
    )
    customer_phone = fields.Char(
        string="Phone of the customer",
        compute="_compute_customer_phone",
        search="_search_customer_phone",
        groups="base.group_user",
    )

    # The search box asks for a part of it, besides of number, name and phone.
    _client_order_ref_trigram_idx = models.Index(index_parts("client_order_ref"))

    # === COMPUTE METHODS === #

    @api.model
    def _selection_order_status_category(self):
        categories = self.env["sale.order.status"]._fields["category"]
        return categories._description_selection(self.env)

    @api.depends("order_status_id.category")
    def _compute_order_status_category(self):
        for order in self:
            order.order_status_category = order.order_status_id.category

    @api.model
    def _search_order_status_category(self, operator, value):
        """Find orders by how far they are.

        The statuses are looked up first: PostgreSQL knows how many orders have each of them, and
        of a subquery it knows nothing, so it would read every order to count the open ones.
        """
        if operator != "in":
            return NotImplemented
        self._check_field_access(self._fields["order_status_category"], "read")
        # sudo: whatever company a status is of; the orders are found by their own rules
        statuses = self.env["sale.order.status"].sudo().with_context(active_test=False)
        found = statuses.search([("category", "in", [one for one in value if one])])
        wanted = Domain("order_status_id", "in", found.ids)
        return wanted | Domain("order_status_id", "=", False) if False in value else wanted

    @api.depends("was_placed")
    def _compute_can_have_status(self):
        for order in self:
            order.can_have_status = order.was_placed

    @api.depends("state", "document_type", "company_id", "order_status_id.next_status_ids")
    def _compute_allowed_status_ids(self):
        statuses = self.env["sale.order.status"].search(self._get_codebook_domain())
        for order in self:
            present = order.order_status_id
            following = present._get_followers()
            order.allowed_status_ids = statuses.filtered(
                lambda status, order=order, present=present, following=following: (
                    status._fits(order)
                    and (order.state != "cancel" or status.category == "rejected")
                    and (not following or status in following or status == present)
                )
            )

    @api.depends("document_type", "company_id")
    def _compute_allowed_flag_ids(self):
        flags = self._get_movable_flags()
        for order in self:
            order.allowed_flag_ids = flags.filtered(lambda flag, order=order: flag._fits(order))

    def _get_codebook_domain(self):
        """Return the domain of statuses and flags of the companies of these orders."""
        return self.env["sale.order.status"]._check_company_domain(self.company_id)

    def _get_movable_flags(self):
        """Return the flags for these orders that the user may set, replace or clear."""
        flags = self.env["sale.order.flag"].search(self._get_codebook_domain())
        return flags.filtered(lambda flag: flag._may_be_moved_by(self.env.user))

    @api.depends("status_history_ids")
    def _compute_status_history_count(self):
        counts = dict(
            self.env["sale.order.status.history"]._read_group(
                [("order_id", "in", self.ids)], ["order_id"], ["__count"]
            )
        )
        for order in self:
            order.status_history_count = counts.get(order._origin, 0)

    @api.depends("status_history_ids.mail_state", "status_history_ids.is_mail_handled")
    def _compute_status_mail_failed(self):
        failed = self.env["sale.order.status.history"].browse(
            row_id for _order_id, row_id in self._find_failed_mails(self.ids)
        )
        errors = {row.order_id.id: row.mail_error for row in failed}
        for order in self:
            order.status_mail_failed = order._origin.id in errors
            order.status_mail_error = self._explain_mail_error(errors.get(order._origin.id))

    @api.model
    def _explain_mail_error(self, error):
        """Put the answer of a mail server into words for the clerk.

        :param str error: what Odoo's mail queue keeps of it
        :return: the explanation; the error itself when it is no such answer
        """
        answer = SMTP_ANSWER.search(error or "")
        if not answer:
            return error
        address = SMTP_ADDRESS.search(error)
        code, _quote, words = answer.groups()
        if not address:
            return self.env._(
                "The mail server refused it: %(code)s %(words)s", code=code, words=words
            )
        return self.env._(
            "The mail server refused the address %(address)s: %(code)s %(words)s",
            address=address[1],
            code=code,
            words=words,
        )

    @api.depends(
        "is_against_rejection",
        "cancellation_requested_on",
        "has_open_question",
        "status_mail_failed",
        "is_status_stuck",
        "state",
    )
    def _compute_status_attention(self):
        reasons = self._get_attention_reasons()
        for order in self:
            order.status_attention = next(
                (reason for reason, ids in reasons.items() if order._origin.id in ids), False
            )

    def _get_attention_reasons(self):
        """Return ``{reason: ids of those of these orders that have it}``, most pressing first.

        Hook: addons add reasons of their own, which they add to the selection of
        ``status_attention`` and to ``_get_attention_domains`` too.

        :rtype: dict[str, set]
        """
        # sudo: who reads an order may know that its customer was not reached
        rows = self.sudo()._find_failed_mails(self.ids, open_only=True)
        return {
            "against_rejection": set(self.filtered("is_against_rejection")._origin.ids),
            "cancellation": set(self.filtered("cancellation_requested_on")._origin.ids),
            "mail_failed": {order_id for order_id, _row_id in rows},
            "stuck": set(self.filtered("is_status_stuck")._origin.ids),
        }

    @api.model
    def _search_status_attention(self, operator, value):
        """An order with two reasons is found by either, whichever is shown."""
        if operator != "in":
            return NotImplemented
        self._check_field_access(self._fields["status_attention"], "read")
        domains = self._get_attention_domains()
        found = self._find_by_each(domains[reason] for reason in value if reason in domains)
        return found if all(value) else found | ~self._find_by_each(domains.values())

    @api.model
    def _find_by_each(self, domains):
        """Return the domain of the orders that fit any of these.

        Each is looked for by an index of its own. By an OR, PostgreSQL would read every order
        as soon as one of them asks another table.

        :param domains: of orders
        :rtype: Domain
        """
        # sudo: the rules are those of the search that this is a part of
        orders = self.sudo()
        queries = [orders._search(domain) for domain in domains]
        selects = [query.select() for query in queries if not query.is_empty()]
        return Domain("id", "any!", SQL(" UNION ALL ").join(selects)) if selects else Domain.FALSE

    @api.model
    def _get_attention_domains(self):
        """Return ``{reason: domain of the orders that have it}``.

        Hook: addons add the reasons that they added to ``_get_attention_reasons``.

        :rtype: dict[str, Domain]
        """
        return {
            "against_rejection": Domain("is_against_rejection", "=", True),
            "cancellation": Domain("cancellation_requested_on", "!=", False),
            "mail_failed": Domain("id", "in", self._search_open_failed_mails()),
            "stuck": Domain("is_status_stuck", "=", True),
        }

    @api.model
    def _search_open_failed_mails(self):
        return [order_id for order_id, _row_id in self._find_failed_mails(open_only=True)]

    @api.depends("partner_id.phone")
    def _compute_customer_phone(self):
        for order in self:
            order.customer_phone = order.partner_id.phone

    @api.model
    def _search_customer_phone(self, operator, value):
        """Find the orders of whoever has a phone number, however it is written.

        ``061 555-01-00`` finds ``+48 61 555 01 00``, by Odoo's own indexed search. What is no
        phone number finds nothing: the search box asks for number, reference, name and phone at
        once.
        """
        if operator not in ("ilike", "in") or (operator == "ilike" and not isinstance(value, str)):
            return NotImplemented
        # What is found by the fields behind it is not asked for the groups of this one.
        self._check_field_access(self._fields["customer_phone"], "read")
        if operator == "in":  # a filter of the user's own: is, is not, is set
            return Domain("partner_id", "any!", Domain("phone", "in", value))
        digits = re.sub(r"\D", "", value).lstrip("0")
        if len(digits) < PHONE_DIGITS or not PHONE.fullmatch(value):
            return Domain.FALSE
        # sudo: an order is found by its own rules, whether its customer may be read or not
        partners = self.env["res.partner"].sudo().with_context(active_test=False)
        found = partners.search([("phone_mobile_search", "ilike", digits)])
        return Domain("partner_id", "child_of", found.ids)

    @api.model
    def _search_status_mail_failed(self, operator, value):
        if operator != "in":
            return NotImplemented
        # Found by SQL, which asks for no groups.
        self._check_field_access(self._fields["status_mail_failed"], "read")
        return [("id", "in", [order_id for order_id, _row_id in self._find_failed_mails()])]

    @api.model
    def _find_failed_mails(self, order_ids=None, open_only=False):
        """Return ``(order id, history row id)`` of failed e-mails that no later one made good.

        Those that somebody has marked as handled are left out.

        :param list[int] order_ids: only of these orders; None = of all
        :param bool open_only: only what a person has to look after: not of orders that are
            done or cancelled, nor where a later status was set without e-mail on purpose
        """
        if order_ids is not None and not order_ids:
            return []
        history = self.env["sale.order.status.history"]
        history.flush_model(["is_mail_handled"])
        only = SQL("AND failed.order_id IN %s", tuple(order_ids)) if order_ids else SQL()
        return self.env.execute_query(
            SQL(
                """
                SELECT failed.order_id, MAX(failed.id)
                  FROM sale_order_status_history failed
                 WHERE failed.mail_state = 'failed'
                   AND failed.is_mail_handled IS NOT TRUE
                   %s
                   AND NOT EXISTS (
                       SELECT 1 FROM sale_order_status_history later
                        WHERE later.order_id = failed.order_id
                          AND later.id > failed.id
                          AND later.mail_state = 'sent'
                          AND later.mail_kind IS NOT DISTINCT FROM failed.mail_kind
                       )
                   %s
              GROUP BY failed.order_id
                """,
                only,
                self._get_open_mail_condition() if open_only else SQL(),
                to_flush=history._fields["mail_state"],
            )
        )

    @api.model
    def _get_open_mail_condition(self):
        self.flush_model(["state", "order_status_id"])
        return SQL(
            """
            AND NOT EXISTS (
                SELECT 1 FROM sale_order closed
             LEFT JOIN sale_order_status status ON status.id = closed.order_status_id
                 WHERE closed.id = failed.order_id
                   AND (closed.state = 'cancel' OR status.category IN ('done', 'rejected'))
                )
            AND NOT EXISTS (
                SELECT 1 FROM sale_order_status_history quiet
                  JOIN sale_order_status status ON status.id = quiet.status_id
                 WHERE quiet.order_id = failed.order_id
                   AND quiet.id > failed.id
                   AND quiet.mail_state = 'suppressed'
                   AND status.is_public
                   AND failed.mail_kind IS NULL
                )
            """
        )

    # === ACTION METHODS === #

    def action_resend_failed_status_mail(self):
        """Send the last failed status e-mail of each order once more.

        :return: True
        :raise UserError: when none failed
        :raise AccessError: without write access to the orders
        """
        self.check_access("write")
        rows = self.env["sale.order.status.history"].browse(
            row_id for _order_id, row_id in self._find_failed_mails(self.ids)
        )
        return rows.action_resend_mail()

    def action_dismiss_failed_status_mail(self):
        """Take failed status e-mails off the list: the customers were told in another way.

        The history goes on saying that they failed; the orders' messages say who decided it.

        :return: True
        :raise AccessError: without write access to the orders
        """
        self.check_access("write")
        history = self.env["sale.order.status.history"]
        failed = [order_id for order_id, _row_id in self._find_failed_mails(self.ids)]
        # sudo: the mail fields are written for people who only read the history
        rows = history.sudo().search([("order_id", "in", failed), ("mail_state", "=", "failed")])
        rows.is_mail_handled = True
        for order in self.browse(failed):
            reason = order.sudo()._get_last_mail_error(rows)
            order._message_log(
                body=self.env._(
                    "The failed e-mail about the order status needs no more attention."
                    " It had failed because: %(reason)s",
                    reason=reason,
                )
            )
        return True

    def _get_last_mail_error(self, rows):
        rows = rows.filtered(lambda row: row.order_id == self).sorted("id")
        return self._explain_mail_error(rows[-1:].mail_error) or ""
