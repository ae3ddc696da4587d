from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ..captions import get_confirm_caption, get_function_caption
from ..models.sale_withdrawal_mail import TEMPLATES

LEGAL_DAYS = 14


class SaleWithdrawalCheck(models.TransientModel):
    """Tell an administrator what the withdrawal function still needs, and words for the terms."""

    _name = "sale.withdrawal.check"
    _description = "Check of the Withdrawal Function"

    company_id = fields.Many2one(
        comodel_name="res.company", required=True, default=lambda self: self.env.company
    )
    line_ids = fields.One2many(
        comodel_name="sale.withdrawal.check.line",
        inverse_name="check_id",
        compute="_compute_line_ids",
        store=True,
    )
    is_fine = fields.Boolean(compute="_compute_is_fine")
    instruction_text = fields.Text(
        string="For the instructions on withdrawal", compute="_compute_texts"
    )
    model_form_text = fields.Text(string="Model withdrawal form", compute="_compute_texts")
    exception_text = fields.Text(string="For the list of exceptions", compute="_compute_texts")

    # === COMPUTE METHODS === #

    @api.depends("company_id")
    def _compute_line_ids(self):
        for check in self:
            check.line_ids = [fields.Command.clear()] + [
                fields.Command.create({"subject": subject, "is_fine": bool(fine), "advice": advice})
                for subject, fine, advice in check._get_findings()
            ]

    @api.depends("line_ids.is_fine")
    def _compute_is_fine(self):
        for check in self:
            check.is_fine = all(check.line_ids.mapped("is_fine"))

    @api.depends("company_id")
    @api.depends_context("lang")
    def _compute_texts(self):
        for check in self:
            check.instruction_text = check._get_instruction_text()
            check.model_form_text = check._get_model_form_text()
            check.exception_text = check._get_exception_text()

    # === WHAT IS CHECKED === #

    def _get_findings(self):
        """Return what the function needs.

        A hook: addons add what theirs needs.

        :return: ``[(subject, whether it is there, advice)]``
        :rtype: list[tuple[str, bool, str]]
        """
        self.ensure_one()
        company = self.company_id
        likely = self._count_likely_exceptions()
        return [
            (
                self.env._("The function is switched on"),
                company.withdrawal_enabled,
                self.env._("Switch on “Withdrawal function” and save the settings."),
            ),
            (
                self.env._("The period has at least 14 days"),
                company.withdrawal_days >= LEGAL_DAYS,
                self.env._(
                    "The law gives 14 days; a longer period may be promised, a shorter one not."
                ),
            ),
            (
                self.env._("Customers reach it by the order status page"),
                company.order_status_tracking_page,
                self.env._(
                    "Switch on the order status page: its link knows the order without a login."
                ),
            ),
            (
                self.env._("A mail server sends the acknowledgements"),
                self._has_mail_server(),
                self.env._(
                    "Set up an outgoing mail server under Settings > Technical > Email > Outgoing"
                    " Mail Servers (developer mode)."
                ),
            ),
            (
                self.env._("E-mails have a sender"),
                company.email,
                self.env._("Enter the company's e-mail address."),
            ),
            (
                self.env._("The e-mails about withdrawals have their templates"),
                self._has_templates(),
                self.env._("One is missing or archived: a plain text is sent instead."),
            ),
            (
                self.env._("Customers know where to send goods back"),
                self._has_return_address(),
                self.env._(
                    "Enter street, postcode, city and country of the company, or of its warehouse."
                ),
            ),
            (
                self.env._("Public holidays are known"),
                self._has_holidays(),
                self.env._(
                    "Enter the public holidays of the coming year as time off of the company's"
                    " working schedule: no period ends on one."
                ),
            ),
            (
                self.env._("Products that look like exceptions say so"),
                not likely,
                self.env._(
                    "Products without an exception that look like one: %(count)s.", count=likely
                ),
            ),
            (
                self.env._("Links begin with https"),
                company.get_base_url().startswith("https://"),
                self.env._("Set the system parameter web.base.url to the address of the shop."),
            ),
        ]

    def _has_mail_server(self):
        # sudo: the check tells whether one is there, and nothing of it
        return self.env["ir.mail_server"].sudo().search_count([], limit=1)

    def _has_templates(self):
        templates = (self.env.ref(xmlid, raise_if_not_found=False) for xmlid in TEMPLATES.values())
        return all(template and template.active for template in templates)

    def _has_return_address(self):
        partner = self.company_id.partner_id
        return all((partner.street, partner.zip, partner.city, partner.country_id))

    def _has_holidays(self):
        now = fields.Datetime.now()
        return self.company_id._get_holidays(now, now + timedelta(days=365))

    def _count_likely_exceptions(self):
        """Return how many products for sale look like an exception and say nothing of it.

        Services and downloads; a name that speaks of measures or engraving.
        """
        words = (
            "custom",
            "engrav",
            "miarę",
            "grawer",
            "po meri",
            "gravur",
            "gift card",
            "download",
        )
        likely = Domain("type", "=", "service") | Domain.OR(
            Domain("name", "ilike", word) for word in words
        )
        sold = Domain("sale_ok", "=", True) & Domain("withdrawal_exception", "=", False)
        company = Domain("company_id", "in", (False, self.company_id.id))
        return self.env["product.template"].search_count(sold & company & likely)

    # === TEXTS FOR THE TERMS === #

    def _get_instruction_text(self):
        return self.env._(
            "You can also exercise your right of withdrawal online: on every page of our shop, and"
            " in each e-mail about your order, the link “%(function)s” leads to %(url)s. Your"
            " statement is sent with the button “%(confirm)s”. We acknowledge its receipt without"
            " delay by e-mail, with its content and the date and time of its submission.",
            function=get_function_caption(self.env.lang),
            confirm=get_confirm_caption(self.env.lang),
            url=f"{self.company_id.get_base_url()}/withdraw",
        )

    def _get_model_form_text(self):
        partner = self.company_id.partner_id
        return self.env._(
            "(complete and return this form only if you wish to withdraw from the contract)\n"
            "- To %(company)s, %(address)s, %(email)s:\n"
            "- I/We (*) hereby give notice that I/We (*) withdraw from my/our (*) contract of sale"
            " of the following goods (*)/for the provision of the following service (*),\n"
            "- Ordered on (*)/received on (*),\n"
            "- Name of consumer(s),\n"
            "- Address of consumer(s),\n"
            "- Signature of consumer(s) (only if this form is notified on paper),\n"
            "- Date\n"
            "(*) Delete as appropriate.",
            company=self.company_id.name,
            address=", ".join(partner._display_address(without_company=True).split("\n")),
            email=self.company_id.email or "",
        )

    def _get_exception_text(self):
        products = self.env["product.template"].search(
            [("sale_ok", "=", True), ("withdrawal_exception", "!=", False)], limit=100
        )
        return "\n".join(products._describe_withdrawal_exceptions()) or self.env._(
            "No product for sale has an exception from the right of withdrawal."
        )
