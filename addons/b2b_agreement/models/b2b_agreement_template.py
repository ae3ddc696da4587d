from odoo import fields, models


class B2bAgreementTemplate(models.Model):
    """Text from which agreements are made; `B2bAgreement._render_body` fills in its terms."""

    _name = "b2b.agreement.template"
    _description = "Agreement Template"
    _order = "sequence, name"
    _check_company_domain = models.check_company_domain_parent_of

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(comodel_name="res.company")
    body = fields.Html(
        string="Text",
        translate=True,
        help="These words are replaced by the terms of the agreement: {{ customer }},"
        " {{ company }}, {{ number }}, {{ date_start }}, {{ date_end }}, {{ pricelist }},"
        " {{ currency }}, {{ payment_terms }}, {{ minimum_order }}.",
    )
