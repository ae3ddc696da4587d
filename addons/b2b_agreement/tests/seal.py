from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.base.models.ir_actions_report import IrActionsReport

from .common import SIGNATURE, AgreementCommon

PDF = b"%PDF-1.4 as signed"


@tagged("post_install", "-at_install")
class SealCommon(AgreementCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = cls.env["b2b.agreement.template"].create(
            {
                "name": "Terms",
                "sequence": -10,
                "body": "<p>{{ number }}: {{ customer }} buys at {{ pricelist }}, from"
                " {{ minimum_order }}, {{ date_start }} to {{ date_end }}</p>",
            }
        )

    def _create_sent(self, **values):
        """Create an agreement with the text of the template, sent by the seller."""
        agreement = self._create_agreement(body=False, template_id=self.template.id, **values)
        agreement = agreement.with_user(self.seller_user)
        agreement.action_send()
        return agreement

    def _sign_with_pdf(self, agreement):
        """Sign as the portal does, with a PDF that is no real one."""
        agreement = agreement.sudo()
        partner = self.buyer_user.partner_id
        agreement._sign("Anna Buyer", SIGNATURE, partner)
        with patch.object(IrActionsReport, "_render_qweb_pdf", return_value=(PDF, "pdf")):
            agreement._keep_signed_pdf(partner)
        self.env.flush_all()
        return agreement
