from datetime import timedelta

from odoo import api, fields, models

from ...captions import get_function_caption
from ...consumers import is_in_eea, may_be_sole_trader
from ...deadline import Deadline, get_deadline, get_zone, go_on

# How far behind the end of a period holidays are looked for.
HOLIDAYS_AHEAD = timedelta(days=60)


class SaleOrder(models.Model):
    """Withdrawal: whom the function is offered to, and until when.

    Offering is one question, recording another: a statement is recorded whatever comes out here.
    """

    _inherit = "sale.order"

    withdrawal_ids = fields.One2many(
        comodel_name="sale.withdrawal",
        inverse_name="order_id",
        string="Withdrawals",
        copy=False,
        groups="sales_team.group_sale_salesman",
    )
    withdrawal_count = fields.Integer(
        compute="_compute_withdrawal_count", groups="sales_team.group_sale_salesman"
    )

    @api.depends("withdrawal_ids")
    def _compute_withdrawal_count(self):
        for order in self:
            order.withdrawal_count = len(order.withdrawal_ids)

    # === WHO HAS THE RIGHT === #

    def _is_withdrawal_offered(self):
        """Whether page, e-mails and paper of this order offer the function at this moment.

        :rtype: bool
        """
        return bool(self._get_offered_deadline())

    def _get_offered_deadline(self):
        """Return the deadline of an order whose customer is offered the function, else None.

        :rtype: Deadline
        """
        self.ensure_one()
        # sudo: asked for customers and visitors, who read neither settings nor deliveries
        order = self.sudo()
        if (
            not order._has_withdrawal_function()
            or order.state == "cancel"
            or not order._has_withdrawal_right()
        ):
            return None
        deadline = order._get_withdrawal_deadline()
        return None if deadline.is_over(fields.Datetime.now()) else deadline

    def _has_withdrawal_function(self):
        """Whether there is a page for statements about this order (sudo); no one is turned away
        from it for being late.
        """
        self.ensure_one()
        return bool(
            self.company_id.withdrawal_enabled
            and self.was_placed
            and self.document_type in ("web", "sale")
        )

    def _has_withdrawal_right(self):
        """Whether the order (sudo) is one that customers are offered a withdrawal of.

        By its document type and the customer's country, and whether it is a company.
        """
        self.ensure_one()
        company = self.company_id
        types = {"web", "sale"} if company.withdrawal_on_sales_orders else {"web"}
        return (
            self.document_type in types
            and is_in_eea(self._get_consumer_country()._get_code())
            and self._may_be_consumer()
        )

    def _get_consumer_country(self):
        """Return the country in which the customer lives, as far as the addresses tell."""
        self.ensure_one()
        partner = self.partner_id
        return (
            partner.country_id
            or partner.commercial_partner_id.country_id
            or self.partner_invoice_id.country_id
            or self.partner_shipping_id.country_id
        )

    def _may_be_consumer(self):
        """Whether the customer is a person, or a company that the settings treat like one.

        A tax number makes nobody a company: sole traders have one.
        """
        self.ensure_one()
        partner = self.partner_id.commercial_partner_id
        company_name = partner.is_company and partner.name or self.partner_id.company_name
        policy = self.company_id.withdrawal_companies
        if not company_name or policy == "always":
            return True
        is_polish = self._get_consumer_country()._get_code() == "PL"
        return policy == "pl" and is_polish and may_be_sole_trader(company_name)

    # === UNTIL WHEN === #

    def _get_withdrawal_deadline(self):
        """Return the last day on which the customer may withdraw.

        :rtype: Deadline
        """
        self.ensure_one()
        return self._get_withdrawal_deadlines()[self]

    def _get_withdrawal_deadlines(self):
        """Return the deadline of each of these orders, with as many queries for one as for many.

        :rtype: dict[sale.order, Deadline]
        """
        found = {}
        # sudo: customers read neither deliveries nor the company's calendar
        for company, orders in self.sudo().grouped("company_id").items():
            days, starts = company.withdrawal_days, orders._get_withdrawal_starts()
            moments = [moment for moment, _event in starts.values() if moment]
            ahead = timedelta(days=days) + HOLIDAYS_AHEAD
            holidays = moments and company._get_holidays(min(moments), go_on(max(moments), ahead))
            for order, (moment, event) in starts.items():
                zone = order._get_customer_zone()
                found[order] = (
                    get_deadline(moment, days, zone, holidays, event)
                    if moment
                    else Deadline(None, days=days, zone=zone)
                )
        return found

    def _get_withdrawal_starts(self):
        """Return what the period of each of these orders (sudo) begins with.

        Hook: addons that know of deliveries say when the last goods came.

        :return: ``{sale.order: (moment, event)}``; the moment (datetime, UTC) is False while goods
            are still to come, the event a code of ``Deadline.event``
        """
        return {order: (order._get_placed_on(), "order") for order in self}

    def _get_customer_zone(self):
        """Return the time zone in which the days of this order (sudo) are counted."""
        self.ensure_one()
        partner = self.partner_id
        return get_zone(
            self._get_consumer_country()._get_code(),
            partner.tz,
            partner.commercial_partner_id.tz,
            self.company_id.partner_id.tz,
        )

    # === WHERE === #

    def _get_withdrawal_url(self):
        """Return the link for e-mails and paper while the function is offered, or False.

        By the order status link, which knows the order; the public form where there is none.
        """
        self.ensure_one()
        if not self._is_withdrawal_offered():
            return False
        return f"{self._get_tracking_url() or self.get_base_url()}/withdraw"

    def _get_report_withdrawal_url(self):
        """Return the link for the printed order while the function is offered, or False.

        As the order status link, that of the order is for its reader only. Whoever else has the
        paper is led to the public form, which is no secret.
        """
        self.ensure_one()
        if self._get_report_tracking_url() or not self._is_withdrawal_offered():
            return self._get_withdrawal_url()
        return f"{self.get_base_url()}/withdraw"

    @api.model
    def _get_withdrawal_caption(self, lang=None):
        """Return what the law calls the function in a language, else in that of the page.

        :param str lang: locale, may be empty
        """
        return get_function_caption(lang or self.env.lang)

    def _get_customer_emails(self):
        """Return the e-mail addresses of the customer of this order (sudo), the order's own first.

        :rtype: list[str] normalized
        """
        self.ensure_one()
        partners = (
            self.partner_id
            | self.partner_invoice_id
            | self.partner_shipping_id
            | self.partner_id.commercial_partner_id
        )
        found = [partner.email_normalized for partner in partners if partner.email_normalized]
        return list(dict.fromkeys(found))

    def _has_left_house(self):
        """Whether anything of the order (sudo) is with the customer, or on the way."""
        self.ensure_one()
        lines = self.order_line.filtered(lambda line: not line.is_downpayment)
        return any(line._is_delivered() for line in lines) or self._is_shipped_elsewhere()
