from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

# Of the wording below: another wording is another version.
CONSENT_VERSION = "2026-11"
CONSENT_FIELDS = frozenset(
    {"withdrawal_consent_date", "withdrawal_consent_text", "withdrawal_consent_version"}
)
# The key to them. An object and no flag, so that no RPC call can bring it in its context.
CONSENT_KEY = object()
# Of the values of an e-mail's layout.
CONSENT = "order_withdrawal_consent"


class SaleOrder(models.Model):
    _inherit = "sale.order"

    withdrawal_consent_text = fields.Text(
        string="Consent to begin at once", readonly=True, copy=False, groups="base.group_user"
    )
    withdrawal_consent_version = fields.Char(readonly=True, copy=False, groups="base.group_user")
    withdrawal_consent_date = fields.Datetime(
        string="Consented on", readonly=True, copy=False, groups="base.group_user"
    )

    # === CRUD METHODS === #

    @api.model
    def default_get(self, fields):
        """Override of `base` to let no default consent in the place of a customer."""
        return super().default_get([name for name in fields if name not in CONSENT_FIELDS])

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `sale` to let nobody consent in the place of a customer.

        :raise UserError: when the values hold a consent
        """
        for vals in vals_list:
            self._check_no_consent(name for name in vals if vals[name])
        return super().create(vals_list)

    def write(self, vals):
        """Override of `sale` to keep the consent as the customer has given it, and with him.

        :raise UserError: when the values hold another consent
        """
        if self.env.context.get("order_withdrawal_consent") is not CONSENT_KEY:
            vals = self._drop_present_values(vals, CONSENT_FIELDS)
            self._check_no_consent(vals)
        owners = self._get_owners_who_consented() if "partner_id" in vals else {}
        res = super().write(vals)
        for order, owner in owners.items():
            if order._get_link_owner() != owner:
                order._forget_consent()
        return res

    def _check_no_consent(self, names):
        if not CONSENT_FIELDS.isdisjoint(names):
            raise UserError(
                self.env._(
                    "The consent is the customer's own: the shop keeps it, nobody writes it."
                )
            )

    # === CONSENT === #

    def _needs_withdrawal_consent(self):
        """Whether the cart has digital content or services, to which the customer has to consent.

        Article 16(m) and 7(3): performance within the period, and that the right ends with it.
        """
        self.ensure_one()
        order = self.sudo()  # sudo: asked for visitors
        return bool(
            order.company_id.withdrawal_enabled
            and order._has_withdrawal_right()
            and any(
                line._begins_at_once() and not order._is_consented_to(line)
                for line in order.order_line
            )
        )

    def _is_consented_to(self, line):
        """Whether a line of this order (sudo) was there when the customer consented.

        What he puts into the cart later he has not seen beside the words.

        :param sale.order.line line: of this order
        :rtype: bool
        """
        consented = self.withdrawal_consent_date
        # Moments of fields have no fractions of a second, those of the creation have.
        return bool(consented) and line.create_date.replace(microsecond=0) <= consented

    def _get_withdrawal_consent_text(self):
        """Return what the customer consents to, in the language of the page."""
        return self.env._(
            "I expressly ask that the digital content and the services of this order be supplied"
            " before the withdrawal period ends. I know that I lose my right of withdrawal from"
            " digital content once its supply has begun, and from a service once it is fully"
            " performed, and that I pay for the part of a service that was performed until I"
            " withdraw."
        )

    def _give_withdrawal_consent(self):
        """Keep the consent: its text, version and time."""
        for order in self.sudo():  # sudo: visitors write no orders; nothing of theirs is written
            if order._needs_withdrawal_consent():
                order.with_context(order_withdrawal_consent=CONSENT_KEY).write(
                    {
                        "withdrawal_consent_text": order._get_withdrawal_consent_text(),
                        "withdrawal_consent_version": CONSENT_VERSION,
                        "withdrawal_consent_date": fields.Datetime.now(),
                    }
                )

    def _get_owners_who_consented(self):
        """Return whose consent these orders have, carts among them.

        A visitor without a name is nobody else when he gives it: the consent is his.

        :return: `{sale.order: res.partner}`, in sudo mode
        :rtype: dict
        """
        # sudo: the consent is not for everybody to read who may change the customer
        orders = self.sudo().filtered("withdrawal_consent_date")
        owners = {order: order._get_link_owner() for order in orders}
        return {order: owner for order, owner in owners.items() if not owner.is_public}

    def _forget_consent(self):
        """Take the consent of a former customer off these orders (sudo)."""
        self.with_context(order_withdrawal_consent=CONSENT_KEY).write(
            dict.fromkeys(CONSENT_FIELDS, False)
        )

    def _forget_former_requests(self):  # pylint: disable=missing-return
        """Override of `order_status_flags`: the next customer has consented to nothing."""
        super()._forget_former_requests()
        self._forget_consent()

    def _check_cart_is_ready_to_be_paid(self):
        """Override of `website_sale` to have nothing paid without the consent."""
        if self._needs_withdrawal_consent():
            raise ValidationError(self._get_missing_consent_text())
        return super()._check_cart_is_ready_to_be_paid()

    def _get_missing_consent_text(self):
        return self.env._(
            "This order has digital content or services. Please say first that they may be supplied"
            " at once."
        )

    def _notify_get_recipients_classify(
        self, message, recipients_data, model_description, msg_vals=False
    ):
        """Override of `order_withdrawal` to confirm the consent in the customer's e-mails.

        The law asks for it, whether there is an order status page or not.
        """
        groups = super()._notify_get_recipients_classify(
            message, recipients_data, model_description, msg_vals=msg_vals
        )
        text = len(self) == 1 and self.sudo().withdrawal_consent_text  # sudo: for its customer
        if not text:
            return groups
        if self._get_tracking_url():
            return [
                {**group, CONSENT: text} if "order_status_url" in group else group
                for group in groups
            ]
        # Nothing has parted the customer's side from colleagues yet.
        parted = []
        for group in groups:
            told, others = self._split_recipients(group)
            parted += [{**told, CONSENT: text}] if told["recipients_data"] else []
            parted += [others] if others["recipients_data"] else []
        return parted
