from datetime import date, timedelta

from odoo import api, fields, models

from odoo.addons.mail_delivery_retry.attempt import may_be_told, try_to_mail
from odoo.addons.mail_delivery_retry.language import get_active_lang

REMINDER_DAYS = (30, 7)
RENEWAL_ACTIVITY = "b2b_agreement.mail_activity_type_renew"


class B2bAgreement(models.Model):
    """Reminders before an agreement ends."""

    _inherit = "b2b.agreement"

    @api.model
    def _cron_remind(self):
        """Remind sellers and customers 30 and 7 days before a signed agreement ends.

        Each reminder goes out once; an agreement that is signed late gets the one that is due.
        """
        due = self._search_reminders_due()
        self.env["ir.cron"]._commit_progress(remaining=len(due))
        for agreement in due:
            # Another worker may be at it; what it holds is left to it.
            locked = agreement.try_lock_for_update()
            if locked:
                locked._try_remind()
            self.env["ir.cron"]._commit_progress(1)
        self._keep_missing_pdfs()

    @api.model
    def _search_reminders_due(self):
        """Return the agreements for which a reminder is due today and not sent yet.

        :return: `b2b.agreement` records
        """
        # One day more than needed, as the day differs between time zones.
        horizon = fields.Date.today() + timedelta(days=max(REMINDER_DAYS) + 1)
        agreements = self.search(
            [
                ("state", "=", "signed"),
                ("date_end", "<=", horizon),
                ("date_end", ">=", fields.Date.today() - timedelta(days=1)),
            ]
        )
        due = agreements - agreements._get_continued()
        return due.filtered(lambda agreement: agreement._get_due_days())

    def _get_due_reminder(self):
        """Return which reminder is due.

        :return: 30 or 7 (days before the end), 0 when none is due
        :rtype: int
        """
        self.ensure_one()
        return 0 if self._get_continued() else self._get_due_days()

    def _get_due_days(self):
        """Return which reminder is due by the calendar, whatever follows the agreement.

        The last one always; an earlier one only where its day lies after the first day, so that
        nobody is reminded of the end of what has just begun.

        :return: 30 or 7 (days before the end), 0 when none is due
        :rtype: int
        """
        self.ensure_one()
        left = (self.date_end - self._get_today(self.company_id)).days
        due = min((days for days in REMINDER_DAYS if left <= days), default=0)
        already_sent = self.reminded_days and self.reminded_days <= due
        too_early = due > max(min(REMINDER_DAYS), (self.date_end - self.date_start).days)
        return 0 if left < 0 or already_sent or too_early else due

    def _get_continued(self):
        """Return those after which another signed agreement of the customer goes on, with no gap.

        It need not be a renewal: sellers make new agreements, too.

        :return: `b2b.agreement` records
        """
        # sudo: the next agreement may be another salesperson's
        others = self.sudo().search(
            [("state", "=", "signed"), ("partner_id", "in", self.partner_id.ids)]
        )
        return self.filtered(lambda agreement: any(map(agreement._goes_on_in, others)))

    def _goes_on_in(self, other):
        """Return whether another agreement is valid on the day after this one's last day.

        :rtype: bool
        """
        if not self.date_end or self.date_end >= date.max:
            return False
        after = self.date_end + timedelta(days=1)
        return (
            self.id != other.id
            and self.partner_id.id == other.partner_id.id
            and self.company_id.id == other.company_id.id
            and other.date_start <= after
            and (not other.date_end or other.date_end >= after)
        )

    def _try_remind(self):
        """Send the reminder that is due; one that fails must not hold up the others."""
        self.ensure_one()
        try_to_mail(self, self._remind, self._give_up_reminder)

    def _give_up_reminder(self):
        self.reminded_days = self._get_due_reminder()

    def _remind(self):
        """Send the reminder that is due to the customer, and to the seller."""
        self.ensure_one()
        self.reminded_days = self._get_due_reminder()
        self._notify_customer("b2b_agreement.mail_template_agreement_reminder")
        seller = self._get_reminded_user()
        if not seller:
            return
        lang = get_active_lang(self.env, seller.lang)
        self.activity_schedule(
            RENEWAL_ACTIVITY,
            date_deadline=self.date_end,
            user_id=seller.id,
            summary=self.with_context(lang=lang).env._("Agreement ends: renew it?"),
        )
        template = self.env.ref(
            "b2b_agreement.mail_template_agreement_reminder_seller", raise_if_not_found=False
        )
        if template and template.active:
            # It may be a manager, where the salesperson has left.
            template.with_context(b2b_reader_lang=lang).send_mail(
                self.id, email_values={"recipient_ids": [(4, seller.partner_id.id)]}
            )

    def _get_reminded_user(self):
        """Return who is reminded: the salesperson, else the first sales manager of the company.

        Whoever has left, or may not open the agreement, is passed over.
        """
        # sudo: who is in a group is not for salespeople to read
        managers = self.env.ref("sales_team.group_sale_manager").sudo().all_user_ids.sorted("id")
        managers = managers.filtered(lambda user: self.company_id in user.company_ids)
        users = (*self.user_id, *managers)
        return next((user for user in users if may_be_told(self, user)), self.user_id.browse())

    def _close_renewal_activities(self):
        """Close what asks sellers to renew agreements that these ones continue."""
        kind = self.env.ref(RENEWAL_ACTIVITY, raise_if_not_found=False)
        if not self or not kind:
            return
        # sudo: the activity may be another salesperson's
        before = self.sudo().search(
            [
                ("state", "=", "signed"),
                ("partner_id", "in", self.partner_id.ids),
                ("activity_ids.activity_type_id", "=", kind.id),
            ]
        )
        before._get_continued()._close_activities()

    def _close_activities(self):
        """Close the activities by which reminders ask to renew these agreements."""
        # sudo: as above
        self.sudo().activity_unlink([RENEWAL_ACTIVITY])
