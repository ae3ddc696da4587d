from odoo import api, models


class MailActivityType(models.Model):
    _inherit = "mail.activity.type"

    @api.model
    def _get_model_info_by_xmlid(self):
        """Override of `mail` to keep the types that orders are marked with."""
        return {
            **super()._get_model_info_by_xmlid(),
            "order_status_flags.mail_activity_type_cancellation_request": {
                "res_model": "sale.order",
                "unlink": False,
            },
            "order_status_flags.mail_activity_type_question": {
                "res_model": "sale.order",
                "unlink": False,
            },
            "order_status_flags.mail_activity_type_cancelled": {
                "res_model": "sale.order",
                "unlink": False,
            },
            "order_status_flags.mail_activity_type_against_rejection": {
                "res_model": "sale.order",
                "unlink": False,
            },
        }
