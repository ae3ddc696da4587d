from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.base.models.ir_mail_server import MailDeliveryException
from odoo.addons.mail_delivery_retry.language import get_active_lang


class SaleOrderStatusMailTest(models.TransientModel):
    """What the e-mail of a status looks like, in each language, and a test to oneself.

    It is rendered as for a real order that gets the status, and nothing of it is kept: the
    order's status stays, and neither its customer nor its messages hear of the test.
    """

    _name = "sale.order.status.mail.test"
    _description = "Preview the E-mail of a Status"

    status_id = fields.Many2one(
        comodel_name="sale.order.status",
        required=True,
        readonly=True,
        ondelete="cascade",
        default=lambda self: self.env.context.get("active_id"),
    )
    order_id = fields.Many2one(
        comodel_name="sale.order",
        string="Sample order",
        compute="_compute_order_id",
        store=True,
        readonly=False,
        domain="[('order_status_id', '!=', False)]",
    )
    lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        compute="_compute_lang",
        store=True,
        readonly=False,
    )
    email_to = fields.Char(
        string="Send a test to", default=lambda self: self.env.user.email_formatted
    )
    subject = fields.Char(compute="_compute_preview")
    body = fields.Html(compute="_compute_preview", sanitize=False)
    error = fields.Char(compute="_compute_preview")

    # === COMPUTE METHODS === #

    @api.depends("status_id")
    def _compute_order_id(self):
        """The newest order that has the status, else the newest that has any."""
        Order = self.env["sale.order"]
        for wizard in self:
            status = wizard.status_id
            orders = Order.search([("order_status_id", "=", status.id)], limit=1)
            companies = (
                [("company_id", "child_of", status.company_id.id)] if status.company_id else []
            )
            wizard.order_id = orders or Order.search(
                [("order_status_id", "!=", False), *companies], limit=1
            )

    @api.depends("order_id")
    def _compute_lang(self):
        for wizard in self:
            order = wizard.order_id
            env = wizard.with_company(order.company_id).env
            wizard.lang = get_active_lang(env, order.partner_id.lang)

    @api.depends("status_id", "order_id", "lang")
    def _compute_preview(self):
        for wizard in self:
            wizard.subject = wizard.body = wizard.error = False
            if not wizard.status_id.mail_template_id or not wizard.order_id:
                continue
            # The form is computed for any ids that a client sends.
            wizard.order_id.check_access("read")
            try:
                values = wizard._render()
            except UserError as error:
                # A template with a mistake in it is what a preview is for.
                wizard.error = str(error)
            else:
                wizard.subject, wizard.body = values["subject"], values["body_html"]

    # === ACTION METHODS === #

    def action_send_test(self):
        """Send the e-mail to the address given, and to nobody else.

        :return: client action that says so
        :rtype: dict
        :raise UserError: without an order, an address or a template, or when the mail server
            refuses
        :raise AccessError: for an order that the user may not read
        """
        self.ensure_one()
        if not self.order_id or not self.email_to or not self.status_id.mail_template_id:
            raise UserError(self.env._("Choose a sample order and an address first."))
        self.order_id.check_access("read")
        values = self._prepare_test_mail_values()
        template = self._get_template()
        try:
            template.send_mail(
                self.order_id.id, force_send=True, raise_exception=True, email_values=values
            )
        except (MailDeliveryException, OSError) as error:
            raise UserError(
                self.env._("The test could not be sent. %(error)s", error=error)
            ) from error
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("Test sent to %(address)s.", address=self.email_to),
            },
        }

    # === BUSINESS METHODS === #

    def _get_template(self):
        order = self.order_id
        return self.status_id.mail_template_id.with_company(order.company_id).with_context(
            order_status_mailed=((order.id, self.status_id.id),),
            template_preview_lang=self.lang,
        )

    def _render(self):
        order_id = self.order_id.id
        return self._get_template()._generate_template([order_id], {"subject", "body_html"})[
            order_id
        ]

    def _prepare_test_mail_values(self):
        return {
            "subject": self.env._("Test: %(subject)s", subject=self.subject or ""),
            "email_to": self.email_to,
            "email_cc": False,
            "recipient_ids": [],
            # Not in the messages of the order, which its customer reads.
            "model": False,
            "res_id": False,
            "auto_delete": True,
        }
