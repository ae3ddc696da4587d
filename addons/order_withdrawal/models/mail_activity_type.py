from odoo import api, models


class MailActivityType(models.Model):
    _inherit = "mail.activity.type"

    @api.model
    def _get_model_info_by_xmlid(self):
        """Override of `mail` to keep the types that withdrawals are told by."""
        return {
            **super()._get_model_info_by_xmlid(),
            "order_withdrawal.mail_activity_type_withdrawal": {
                "res_model": "sale.order",
                "unlink": False,
            },
            "order_withdrawal.mail_activity_type_unmatched": {
                "res_model": "sale.withdrawal",
                "unlink": False,
            },
            "order_withdrawal.mail_activity_type_goes_on": {
                "res_model": "sale.order",
                "unlink": False,
            },
        }
