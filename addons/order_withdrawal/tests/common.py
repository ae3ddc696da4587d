import re
import smtplib
from html import unescape

from odoo import http
from odoo.fields import Command
from odoo.tests import HttpCase

from odoo.addons.order_status_flags.tests.common import OrderStatusCommon
from odoo.addons.order_status_flags.tests.outbox import OutboxCommon
from odoo.addons.order_withdrawal.declaration import Declaration


class WithdrawalCommon(OrderStatusCommon):
    """Web orders of consumers, in a company that has the withdrawal function switched on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.poland = cls.env.ref("base.pl")
        cls.company.write({"withdrawal_enabled": True})
        cls.company.partner_id.tz = "Europe/Warsaw"
        cls.customer.write({"country_id": cls.poland.id, "tz": "Europe/Warsaw"})
        cls.order = cls._create_web_order()

    @classmethod
    def _create_web_order(cls, **values):
        return cls._create_order(document_type="web", **values)

    @classmethod
    def _withdrawals(cls, order=None):
        """Return the statements about an order, or all of them, the oldest first."""
        domain = [("order_id", "=", order.id)] if order else []
        return cls.env["sale.withdrawal"].search(domain, order="id")

    def _enter(self, order=None, user=None, **values):
        """Return a statement that a salesperson has entered."""
        statements = self.env["sale.withdrawal"].with_user(user or self.seller)
        return statements.create({"order_id": order and order.id, **values})

    def _lines(self, order, *quantities):
        return [
            Command.create({"order_line_id": line.id, "quantity": quantity})
            for line, quantity in zip(order.order_line, quantities, strict=False)
        ]

    def _mark_delivery(self, line):
        """Make a line the delivery charge, by the field of `delivery` or without that app."""
        if "is_delivery" in line._fields:
            line.is_delivery = True
            return
        charge = line.id
        self.patch(
            type(line), "_is_delivery", lambda line: line._origin.id == charge or line.id == charge
        )


class WithdrawalOutboxCommon(OutboxCommon, WithdrawalCommon):
    """What customers are mailed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["sale.withdrawal.mail"].search([]).mail_state = "sent"

    def _declare(self, source="form", order=None, **values):
        """Return the statement that a page would record; its steps are done."""
        order = order or self.env["sale.order"]
        declared = {"name": "Anna Kowalska", "email": "buyer@example.com", **values}
        declaration = Declaration.from_form(declared)
        reference = values.get("reference") or self.order.name
        statements = self.env["sale.withdrawal"].sudo()
        place = {
            "source": source,
            "company_id": self.company.id,
            "order_id": order.id,
            "reference": reference,
            "lines": {},
            "lang": "en_US",
            "tz": "Europe/Warsaw",
        }
        words = statements._word_statement(declaration, reference, [])
        origin = values.get("origin", "203.0.113.7")
        prepared = statements._prepare_record_values(declaration, words, place, origin)
        receipt = statements._insert_once(prepared)
        statement = statements.browse(receipt.withdrawal_id)
        statement._acknowledge()
        statement._take_effect()
        return statement

    def _mailed(self):
        """Return what left the house for customers; colleagues are told of activities."""
        colleagues = {self.seller.email, self.manager.email}
        return [mail for mail in self._run() if not colleagues & set(mail["to"])]

    def _refuse(self, statement, email="buyer@example.com"):
        self._run(error=smtplib.SMTPRecipientsRefused({email: (550, b"no such mailbox")}))
        self.assertEqual(statement.mail_ids[-1].mail_state, "failed")


class WithdrawalHttpCommon(WithdrawalCommon, HttpCase):
    """The pages as a browser without scripts sees them."""

    def _activities(self, record, xmlid):
        return record.activity_ids.filtered(
            lambda activity: activity.activity_type_id == self.env.ref(xmlid)
        )

    def _hidden(self, html):
        """Return what a browser would send of a form's hidden fields."""
        pairs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html)
        area = re.search(r'<textarea name="reason" hidden="hidden">(.*?)</textarea>', html, re.S)
        found = {name: unescape(value) for name, value in pairs}
        return found | ({"reason": unescape(area[1])} if area else {})

    def _fill(self, **values):
        return {
            "name": "Anna Kowalska",
            "reference": self.order.name,
            "email": "buyer@example.com",
            **values,
        }

    def _declare(self, path="/withdraw", **values):
        """Walk from the form to the receipt; return the answer of the last page."""
        self.assertEqual(self.url_open(path).status_code, 200)
        review = self.url_open(path, data=self._fill(**values))
        self.assertEqual(review.status_code, 200)
        return self.url_open(f"{path}/confirm", data=self._hidden(review.text))

    @property
    def tracking_path(self):
        return f"/order/status/{self.order.order_tracking_token}/withdraw"

    @property
    def portal_path(self):
        return f"/my/orders/{self.order.id}/withdraw"

    def _csrf(self):
        return http.Request.csrf_token(self)
