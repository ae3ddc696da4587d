from datetime import date
from operator import itemgetter

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date


class B2bAgreement(models.Model):
    """Validity: whether an agreement is in force today, and why not."""

    _inherit = "b2b.agreement"

    @api.model
    def _get_today(self, company):
        """Return today's date where a company is.

        :param company: `res.company` record
        :return: date in the time zone of the company's partner, else of UTC
        :rtype: date
        """
        # sudo: customers cannot read the partner of the company. Of whom nothing else is read.
        return self._get_day_in(company.sudo().partner_id.with_context(prefetch_fields=False).tz)

    @api.model
    def _get_day_in(self, tz):
        """Return today's date in a time zone, that of UTC without one.

        :rtype: date
        """
        return fields.Date.context_today(self.with_context(tz=tz or "UTC"))

    @api.model
    def _get_in_force_domain(self, company):
        """Return the agreements in force today in a company: its own, and those of its parents.

        The domain holds dates: use it at once, never store it in a rule or cache.

        :param company: `res.company` record
        :rtype: Domain
        """
        # sudo: which companies stand above a branch is not for customers to read
        by_company = Domain.OR(
            Domain("company_id", "=", parent.id) & self._get_valid_domain(self._get_today(parent))
            for parent in company.sudo().parent_ids
        )
        return Domain("state", "=", "signed") & by_company

    @api.model
    def _find_in_force(self, customer, company):
        """Return the agreement in force of a customer, not read yet, see `_find_each_in_force`.

        :param customer: `res.partner` record, a commercial partner
        :param company: `res.company` record
        :return: `b2b.agreement` record in sudo mode, empty when there is none
        """
        found = self._find_each_in_force(customer, company)
        # sudo: empty, in the mode of the full ones
        return found.get(customer.id, self.sudo().with_company(company).browse())

    @api.model
    def _find_each_in_force(self, customers, company):
        """Return the agreements that `_get_in_force_domain` finds of customers, not read yet.

        By SQL: each new order and Odoo's own pages of orders ask, and most customers have none. It
        takes a tenth of what a search by that domain takes, and no query for the time zone.

        :param customers: `res.partner` records, commercial partners
        :param company: `res.company` record
        :return: `{customer id: b2b.agreement record in sudo mode}`, of those who have one
        :rtype: dict
        """
        if not customers:
            return {}
        self.flush_model(["partner_id", "company_id", "state", "date_start", "date_end"])
        self.env["res.partner"].flush_model(["tz"])
        # sudo: as in `_get_in_force_domain`
        company_sudo = company.sudo()
        statement = SQL(
            """
            SELECT agreement.id, agreement.partner_id, agreement.company_id,
                   agreement.date_start, agreement.date_end, seller.tz
              FROM b2b_agreement agreement
              JOIN res_company company ON company.id = agreement.company_id
              JOIN res_partner seller ON seller.id = company.partner_id
             WHERE agreement.partner_id IN %s AND agreement.company_id IN %s
               AND agreement.state = 'signed'
             ORDER BY agreement.date_start DESC, agreement.id DESC
            """,
            tuple(customers.ids),
            tuple(company_sudo.parent_ids.ids),
        )
        found = [
            (len(company_sudo.browse(company_id).parent_ids), customer_id, id_)
            for id_, customer_id, company_id, start, end, tz in self.env.execute_query(statement)
            if start and start <= self._get_day_in(tz) <= (end or date.max)
        ]
        # The company's own agreement comes last, and beats those of its parents.
        found.sort(key=itemgetter(0))
        ids = {customer_id: id_ for _depth, customer_id, id_ in found}
        agreements = self.sudo().with_company(company).browse(ids.values())
        return dict(zip(ids, agreements, strict=True))

    @api.model
    def _get_valid_domain(self, day):
        """Return the agreements whose dates, both included, span a day.

        :rtype: Domain
        """
        until = Domain("date_end", "=", False) | Domain("date_end", ">=", day)
        return Domain("date_start", "<=", day) & until

    def _get_selling_company(self):
        """Return the company that sells by the agreement: its own one, or a branch of that.

        :return: the current company where it is such a branch; `res.company` record in sudo mode
        """
        self.ensure_one()
        # sudo: customers do not read the companies of the seller
        current, own = self.env.company.sudo(), self.sudo().company_id
        return current if own in current.parent_ids else own

    def _is_in_force(self):
        """Return whether the agreement is signed and valid today.

        :rtype: bool
        """
        self.ensure_one()
        if self.state != "signed" or not self.date_start:
            return False
        return self.date_start <= self._get_today(self.company_id) and not self._is_over()

    def _is_open(self):
        """Return whether the agreement is in force, or may still come into force.

        :rtype: bool
        """
        self.ensure_one()
        return self.state != "terminated" and not self._is_over()

    def _is_over(self):
        """Return whether the last day has passed.

        :rtype: bool
        """
        self.ensure_one()
        return bool(self.date_end) and self.date_end < self._get_today(self.company_id)

    def _format_dates(self):
        """Return the dates as the reader writes them.

        :rtype: str
        """
        self.ensure_one()
        end = format_date(self.env, self.date_end) if self.date_end else self.env._("open-ended")
        return f"{format_date(self.env, self.date_start)} – {end}"

    @api.model
    def _get_portal_agreements(self):
        """Return what the current portal user sees of the own company's agreements.

        :return: `b2b.agreement` records as the user, the newest first; none for employees without
            sales rights
        """
        user = self.env.user
        if not self.has_access("read"):
            return self.browse()
        return self.search(
            [
                ("partner_id", "=", user.partner_id.commercial_partner_id.id),
                ("state", "in", ("sent", "signed", "terminated")),
            ]
        )

    def _get_closed_reason(self):
        """Return why the agreement does not open the B2B shop.

        :return: `not_signed`, `terminated`, `not_started` or `ended`; `none` when it is in force
        :rtype: str
        """
        self.ensure_one()
        if self.state == "terminated":
            return "terminated"
        if self._is_over():
            return "ended"
        if self.state != "signed":
            return "not_signed"
        return "none" if self._is_in_force() else "not_started"
