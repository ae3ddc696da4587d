from odoo import api, models
from odoo.exceptions import AccessError


class ReportStatement(models.AbstractModel):
    """The PDF of a statement: of what the page has added up, and of nothing else.

    Odoo's own address of reports prints what its caller brings along. A statement has the seller's
    letterhead, so that nobody writes one himself.
    """

    _name = "report.b2b_credit.report_statement"
    _description = "B2B statement"

    @api.model
    def _get_report_values(self, docids, data=None):
        """Return what the report shows.

        :param list docids: ids of customers
        :param dict data: `statement`, `period`, `company`
        :rtype: dict
        :raise AccessError: for whoever asks for the report by its address
        """
        # A record is no text: no address brings one along.
        if not isinstance((data or {}).get("company"), models.BaseModel):
            raise AccessError(
                self.env._("Statements are made on the account page of the customer.")
            )
        return {
            "doc_ids": docids,
            "doc_model": "res.partner",
            "docs": self.env["res.partner"].browse(docids),
        }
