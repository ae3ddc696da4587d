import re
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, email_normalize

from ..net_address import get_sender
from ..typed_text import clean_text

ADDRESS_LIMIT, IP_LIMIT, SPAN = 5, 20, timedelta(hours=1)
TEXT_MAX_LENGTH = 320
# Of several orders that fit, only the newest: nobody's mailbox is flooded.
MOST_LINKS = 5
BATCH = 100
# Until those have their turn that one run has left.
PAUSE = timedelta(seconds=10)


class SaleOrderLookup(models.Model):
    """Somebody asked for the link to an order and has not been answered yet.

    Whether there is such an order is not looked at while somebody waits for the page: it is the
    same for each, and takes the same time. The scheduled action of the e-mails answers, and the
    row is gone.
    """

    _name = "sale.order.lookup"
    _description = "Look-up of an Order"
    _log_access = False

    reference = fields.Char(readonly=True)
    email = fields.Char(readonly=True)
    date = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)

    @api.model
    def _ask(self, reference, email, ip):
        """Note that somebody looks for an order, unless that happens too often.

        :param str reference: as typed, may be anything
        :param str email: as typed
        :param str ip: of who asks
        """
        reference, email = (
            clean_text(text, one_line=True)[:TEXT_MAX_LENGTH] for text in (reference, email)
        )
        email = email_normalize(email) or email.lower()
        limit = self.env["order.status.limit"]
        # By the IP first: who asks too much does not use up what others' addresses have left.
        if limit._take("lookup_ip", get_sender(ip), IP_LIMIT, SPAN) and limit._take(
            "lookup_address", email, ADDRESS_LIMIT, SPAN
        ):
            # sudo: a visitor asks
            self.sudo().create({"reference": reference, "email": email})
            self.env["sale.order.status.history"]._trigger_mail_cron()

    @api.model
    def _answer_all(self):
        """Have the links sent to whom they belong, and forget who asked."""
        # sudo: for visitors; whatever company an order is of
        asked = self.sudo().search([], order="id", limit=BATCH).try_lock_for_update()
        if not asked:
            return
        orders = self.env["sale.order"].sudo()  # sudo: as above
        found = dict(zip(asked, asked._find_orders(), strict=True))
        free = orders.union(*found.values()).try_lock_for_update(allow_referencing=True)
        # Whoever asks for an order that somebody changes just now is answered a moment later.
        answered = asked.filtered(lambda one: found[one] <= free)
        rows = self.env["sale.order.status.history"].sudo()  # sudo: nobody writes the outbox
        rows._queue_links(orders.union(*(found[one] for one in answered)))
        if answered != asked or len(asked) == BATCH:
            rows._trigger_mail_cron(fields.Datetime.now() + PAUSE)
        answered.unlink()

    def _find_orders(self):
        """Return the orders that each of these asks for, as a list of recordsets (sudo)."""
        partners = self.env["res.partner"].with_context(active_test=False)
        # To Odoo an empty address is that of everybody who has none.
        emails = [asked.email for asked in self if asked.email]
        known = partners.search([("email_normalized", "in", emails)])
        # Their contacts before the orders: by an OR over both tables every order would be read.
        owners = known | partners.search([("commercial_partner_id", "in", known.ids)])
        orders = self.env["sale.order"].search_fetch(
            Domain("partner_id", "in", owners.ids)
            & Domain("was_placed", "=", True)
            & self._get_digits_domain(),
            ["name", "client_order_ref", "partner_id", "company_id"],
            order="id desc",
        )
        by_reference = {}
        for order in orders:
            for name in {_squeeze(order.name), _squeeze(order.client_order_ref)}:
                by_reference.setdefault(name, []).append(order)
        return [asked._pick(by_reference.get(_squeeze(asked.reference), ())) for asked in self]

    def _get_digits_domain(self):
        """Return the domain of the orders whose number or reference has the digits of one of these.

        The contact of a marketplace has any number of orders, of which Python need not read all.
        Of letters and spaces PostgreSQL has other notions than Python; of digits both have one,
        and whatever is the same to `_squeeze` has the same ones.
        """
        digits = list({_keep_digits(asked.reference) for asked in self})

        def to_sql(model, alias, query):
            return SQL(
                "%s && ARRAY[%s]",
                digits,
                SQL(", ").join(
                    SQL(
                        "regexp_replace(%s, '[^0123456789]', '', 'g')",
                        model._field_to_sql(alias, name, query),
                    )
                    for name in ("name", "client_order_ref")
                ),
            )

        return Domain.custom(to_sql=to_sql)

    def _pick(self, orders):
        """Return those of the orders that are this customer's and have a page to show."""
        fitting = [order.id for order in orders if self._fits(order)]
        return self.env["sale.order"].browse(fitting[:MOST_LINKS])

    def _fits(self, order):
        customer = order.partner_id
        addresses = (customer | customer.commercial_partner_id).mapped("email_normalized")
        return bool(
            _squeeze(self.reference)
            and self.email in addresses
            and order.company_id.order_status_lookup
            and order._has_tracking_page()
        )

    @api.autovacuum
    def _gc_lookups(self):
        """Forget what nobody has answered within a day."""
        self.search([("date", "<", fields.Datetime.now() - timedelta(days=1))]).unlink()


def _squeeze(reference):
    """Return a number or reference without what people type in different ways."""
    return "".join((reference or "").split()).casefold()


def _keep_digits(reference):
    return re.sub("[^0-9]", "", reference or "")
