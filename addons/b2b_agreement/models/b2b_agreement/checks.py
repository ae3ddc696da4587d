import logging
from datetime import datetime

import psycopg2
from psycopg2.errors import ExclusionViolation

from odoo import api, models
from odoo.exceptions import ConcurrencyError, ValidationError
from odoo.tools import SQL
from odoo.tools.sql import constraint_definition

from ...naming import may_name

_logger = logging.getLogger(__name__)

OVERLAP = "b2b_agreement_no_overlap"
# Deferred, so that `_check_overlap` has the first word. A last day before the first one is refused
# there too, and no reason to stop here.
OVERLAP_DEFINITION = """
    EXCLUDE USING gist (
        partner_id WITH =,
        company_id WITH =,
        daterange(LEAST(date_start, date_end), date_end, '[]') WITH &&
    ) WHERE (state = 'signed') DEFERRABLE INITIALLY DEFERRED
"""


class B2bAgreement(models.Model):
    """Checks: what an agreement must be."""

    _inherit = "b2b.agreement"

    # === CONSTRAINT METHODS === #

    @api.constrains("partner_id")
    def _check_partner_id(self):
        """An agreement is made with a company, not with one of its contacts.

        :raise ValidationError: when the customer is a contact or address
        """
        for agreement in self:
            contact, company = agreement.partner_id, agreement.partner_id.commercial_partner_id
            if contact == company:
                continue
            if not may_name(contact | company):
                raise ValidationError(
                    self.env._("An agreement is made with a company, not with its contacts.")
                )
            raise ValidationError(
                self.env._(
                    "%(contact)s is a contact of %(company)s. Make the agreement with the company.",
                    contact=contact.display_name,
                    company=company.display_name,
                )
            )

    @api.constrains("date_start", "date_end")
    def _check_dates(self):
        """The end is not before the start.

        :raise ValidationError: when it is
        """
        for agreement in self:
            if agreement.date_end and agreement.date_end < agreement.date_start:
                raise ValidationError(
                    self.env._(
                        "The agreement %(name)s ends before it starts.", name=agreement.display_name
                    )
                )

    @api.constrains("minimum_order_amount")
    def _check_minimum_order_amount(self):
        """The minimum is an amount.

        :raise ValidationError: when it is negative or not a number
        """
        if any(not agreement.minimum_order_amount >= 0 for agreement in self):
            raise ValidationError(self.env._("The minimum order amount cannot be negative."))

    @api.constrains("state", "partner_id", "company_id", "date_start", "date_end")
    def _check_overlap(self):
        """One signed agreement per customer and company on each day.

        :raise ValidationError: naming the other agreement, to whoever may read it
        """
        signed = self.filtered(lambda agreement: agreement.state == "signed")
        if not signed:
            return
        others = signed._get_signed_ones()
        for agreement in signed:
            if clash := others.filtered(agreement._overlaps)[:1]:
                raise ValidationError(agreement._get_overlap_refusal(clash))
        signed._check_signed_meanwhile()

    def _get_signed_ones(self):
        """Return all signed agreements of the customers of these, in sudo mode.

        :rtype: b2b.agreement
        """
        # sudo: those of another company or salesperson count too
        return self.sudo().search(
            [("state", "=", "signed"), ("partner_id", "in", self.partner_id.ids)]
        )

    def _get_overlap_refusal(self, clash):
        """Return that another agreement is in the way, by its name to whoever may read it.

        :param b2b.agreement clash: the other one, in sudo mode
        :rtype: str
        """
        if not may_name(clash, self.partner_id):
            return self.env._("The customer has another signed agreement in that time.")
        return self.env._(
            "%(customer)s has another signed agreement in that time: %(agreement)s (%(dates)s).",
            customer=self.partner_id.display_name,
            agreement=clash.name,
            dates=clash._format_dates(),
        )

    def _check_signed_meanwhile(self):
        """Find out whether another transaction signs for the same customer at this moment.

        Its agreement cannot be seen by the search of `_check_overlap`.

        :raise ConcurrencyError: when it does; Odoo then runs the request again, which sees it
        """
        self.env.flush_all()
        if not self._has_overlap_constraint():
            # A no-op update of the customer makes the later transaction fail and be run again.
            self.env.cr.execute(
                SQL(
                    "UPDATE res_partner SET write_date = write_date WHERE id IN %s",
                    tuple(sorted(self.partner_id.ids)),
                )
            )
            return
        constraint = SQL.identifier(OVERLAP)
        try:
            with self.env.cr.savepoint():
                self.env.cr.execute(
                    SQL("SET CONSTRAINTS %s IMMEDIATE", constraint), log_exceptions=False
                )
        except ExclusionViolation as error:
            raise ConcurrencyError(str(error)) from error
        self.env.cr.execute(SQL("SET CONSTRAINTS %s DEFERRED", constraint))

    def _has_overlap_constraint(self):
        return bool(constraint_definition(self.env.cr, self._table, OVERLAP))

    def init(self):
        """Override of `base` to let PostgreSQL refuse overlapping agreements.

        That takes the extension `btree_gist`, which the owner of a database may add. Where it is
        missing or not allowed, a lock does (see `_check_signed_meanwhile`).
        """
        if self._has_overlap_constraint():
            return
        cr = self.env.cr
        names = SQL.identifier(self._table), SQL.identifier(OVERLAP)
        add = SQL("ALTER TABLE %s ADD CONSTRAINT %s", *names)
        try:
            with cr.savepoint():
                cr.execute("CREATE EXTENSION IF NOT EXISTS btree_gist", log_exceptions=False)
                cr.execute(SQL("%s %s", add, SQL(OVERLAP_DEFINITION)), log_exceptions=False)
        except psycopg2.Error as error:
            _logger.info("Overlapping agreements are refused by Odoo alone: %s", error)

    def _overlaps(self, other):
        """Return whether two agreements of a customer and company share a day.

        :rtype: bool
        """
        return (
            self.id != other.id
            and self.partner_id.id == other.partner_id.id
            and self._shares_days(other)
        )

    def _shares_days(self, other):
        """Return whether two agreements with a company share a day, whoever the customers are.

        :rtype: bool
        """
        return (
            self.company_id.id == other.company_id.id
            and self.date_start <= (other.date_end or datetime.max.date())
            and other.date_start <= (self.date_end or datetime.max.date())
        )
