from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.mail_delivery_retry.attempt import may_be_told, try_to_mail
from odoo.addons.mail_delivery_retry.language import get_active_lang

REMINDER_DAYS = (30, 7)


class B2bAgreement(models.Model):
    """Reminders before an agreement ends."""

    _inherit = "b2b.agreement"

    @api.model
    def _cron_remind(self):
        """Remind sellers and customers 30 and 7 days before a signed agreement ends.

        Each reminder goes out once; an agreement that is signed late gets only those still ahead.
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
        return agreements.filtered(lambda agreement: agreement._get_due_reminder())

    def _get_due_reminder(self):
        """Return which reminder is due.

        :return: 30 or 7 (days before the end), 0 when none is due
        :rtype: int
        """
        self.ensure_one()
        left = (self.date_end - self._get_today(self.company_id)).days
        due = min((days for days in REMINDER_DAYS if left <= days), default=0)
        already_sent = self.reminded_days and self.reminded_days <= due
        renewed = any(renewal.state == "signed" for renewal in self.renewal_ids)
        return 0 if left < 0 or already_sent or renewed else due

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
        self.activity_schedule(
            "mail.mail_activity_data_todo",
            date_deadline=self.date_end,
            user_id=seller.id,
            summary=self.with_context(lang=get_active_lang(self.env, seller.lang)).env._(
                "Agreement ends: renew it?"
            ),
        )
        template = self.env.ref(
            "b2b_agreement.mail_template_agreement_reminder_seller", raise_if_not_found=False
        )
        if template and template.active:
            template.send_mail(self.id, email_values={"recipient_ids": [(4, seller.partner_id.id)]})

    def _get_reminded_user(self):
        """Return who is reminded: the salesperson, else the first sales manager of the company.

        Whoever has left, or may not open the agreement, is passed over.
        """
        # sudo: who is in a group is not for salespeople to read
        managers = self.env.ref("sales_team.group_sale_manager").sudo().all_user_ids.sorted("id")
        managers = managers.filtered(lambda user: self.company_id in user.company_ids)
        users = (*self.user_id, *managers)
        return next((user for user in users if may_be_told(self, user)), self.user_id.browse())
