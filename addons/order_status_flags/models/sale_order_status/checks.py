from odoo import api, models
from odoo.exceptions import ValidationError


class SaleOrderStatus(models.Model):
    """The codebook of statuses: what must not be in it."""

    _inherit = "sale.order.status"

    @api.constrains("event_ids", "document_type", "company_id", "active")
    def _check_one_status_per_event(self):
        for event in self.event_ids:
            # sudo: statuses of companies that the user does not see count too
            statuses = self.sudo().with_context(active_test=True)
            statuses = statuses.search([("event_ids", "in", event.ids)])
            seen = {}
            for status in statuses:
                key = (status.document_type, status.company_id)
                if key in seen:
                    if not self.env["sale.order"]._may_name(status):
                        raise ValidationError(
                            self.env._(
                                "“%(event)s” already sets another status of that company. One"
                                " event can set only one status for each document type and"
                                " company.",
                                event=event.name,
                            )
                        )
                    raise ValidationError(
                        self.env._(
                            "“%(event)s” already sets the status “%(other)s”. One event can set"
                            " only one status for each document type and company, so remove it"
                            " there before you add it to “%(status)s”.",
                            event=event.name,
                            other=seen[key].name,
                            status=status.name,
                        )
                    )
                seen[key] = status

    @api.constrains("event_ids", "category")
    def _check_cancelled_event_is_rejected(self):
        for status in self.filtered(lambda status: status.category != "rejected"):
            if "order_cancelled" in status.event_ids.mapped("code"):
                raise ValidationError(
                    self.env._(
                        "Only a status of category “Rejected” can be set when an order is"
                        " cancelled; “%(status)s” is not one.",
                        status=status.name,
                    )
                )

    @api.constrains("next_status_ids", "company_id")
    def _check_followers_fit(self):
        # sudo: statuses of companies that the user does not see count too
        before = self.sudo().with_context(active_test=False)
        before |= before.search([("next_status_ids", "in", self.ids)])
        followers = self._find_follower_ids()  # what was cached is of before
        for status in before.filtered("company_id"):
            for follower in before.browse(followers.get(status.id, ())):
                if not follower.company_id <= status.company_id.parent_ids:
                    if not self.env["sale.order"]._may_name(status, follower):
                        raise ValidationError(
                            self.env._("There is no such status, or it belongs to another company.")
                        )
                    raise ValidationError(
                        self.env._(
                            "“%(follower)s” belongs to another company than “%(status)s” and"
                            " may not follow it.",
                            follower=follower.name,
                            status=status.name,
                        )
                    )

    @api.constrains("document_type", "company_id")
    def _check_fits_orders(self):
        self.env["sale.order"]._check_codebook_fits("order_status_id", self)
        # sudo: flags of other companies count as well
        flags = self.env["sale.order.flag"].sudo().with_context(active_test=False)
        flags.search([("status_id", "in", self.ids)])._check_company(["status_id"])

    @api.constrains("category")
    def _check_cancelling_flags(self):
        # sudo: flags of other companies count as well
        flags = self.env["sale.order.flag"].sudo().with_context(active_test=False)
        flags.search([("status_id", "in", self.ids)])._check_cancel_order_status()

    @api.constrains("mail_template_id")
    def _check_mail_template_model(self):
        if any(status.mail_template_id.model not in (False, "sale.order") for status in self):
            raise ValidationError(
                self.env._("The e-mail template of a status must be one for sales orders.")
            )
