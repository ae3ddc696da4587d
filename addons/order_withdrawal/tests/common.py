import re
from html import unescape

from odoo import http
from odoo.fields import Command
from odoo.tests import HttpCase

from odoo.addons.order_status_flags.tests.common import OrderStatusCommon


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
