from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .orders_common import ADDRESS_KEYS, OrdersCommon


@tagged("post_install", "-at_install")
class TestOrders(OrdersCommon):
    def test_order_as_the_contract_says(self):
        self.customer.write(
            {
                "ref": "K-17",
                "street": "Długa 1",
                "zip": "00-001",
                "city": "Warszawa",
                "country_id": self.env.ref("base.pl").id,
                "phone": "+48 61 555 01 00",
            }
        )
        self.product.write({"default_code": "BP-1", "barcode": "5901234123457"})
        order = self._place(client_order_ref="PO 7", commitment_date="2026-12-01 10:00:00")
        (found,) = self._news()
        self.assertEqual(
            set(found),
            {
                *("id", "version", "name", "external_ref", "document_type", "state", "placed_at"),
                *("currency", "currency_rate", "client_order_ref", "requested_date", "note"),
                *("customer", "invoice_address", "delivery_address", "payment", "carrier"),
                *("lines", "totals"),
            },
        )
        self.assertEqual(
            (found["id"], found["version"], found["name"], found["external_ref"]),
            (order.id, 1, order.name, ""),
        )
        self.assertEqual((found["document_type"], found["state"]), ("web", "confirmed"))
        self.assertEqual(found["placed_at"], order.date_order.isoformat() + "Z")
        self.assertEqual(found["requested_date"], "2026-12-01T10:00:00Z")
        self.assertEqual(found["client_order_ref"], "PO 7")
        self.assertEqual(found["currency"], order.currency_id.name)
        self.assertEqual(float(found["currency_rate"]), order.currency_rate)
        for name in ("customer", "invoice_address", "delivery_address"):
            self.assertEqual(set(found[name]), ADDRESS_KEYS)
        customer = found["customer"]
        self.assertEqual(
            (customer["id"], customer["ref"], customer["name"], customer["country"]),
            (self.customer.id, "K-17", "Wholesale Buyer", "PL"),
        )
        self.assertEqual((customer["is_company"], customer["street2"]), (False, ""))
        self.assertEqual(found["payment"], {"method": "", "terms": "", "paid": "0.00"})
        (line,) = found["lines"]
        self.assertEqual(
            (line["id"], line["sku"], line["barcode"], line["kind"]),
            (order.order_line.id, "BP-1", "5901234123457", "service"),
        )
        self.assertEqual((line["quantity"], line["discount"]), ("5.00", "0.0000"))
        self.assertEqual(line["unit_net"], "10.0000")
        self.assertEqual(found["totals"]["gross"], f"{order.amount_total:.2f}")

    def test_limit_and_cursor(self):
        for limit in (0, -1, 501, "5", None, True, 1.5, [1]):
            with self.assertRaisesRegex(UserError, "from 1 to 500"):
                self.as_client.orders(limit=limit)
        for cursor in ("x", "o1", "1.2", "o1.2.3", "o-1.0", 5, True, [1], "o1." + "9" * 30, "o١.٢"):
            with self.assertRaisesRegex(UserError, "cursor"):
                self.as_client.orders(cursor)
        with self.assertRaisesRegex(UserError, "another database"):
            self.as_client.orders("o999999999999999.0")

    def test_pages_join(self):
        orders = self._create_orders(7, document_type="web")
        cursor, found, more = self.cursor, [], True
        while more:
            page = self.as_client.orders(cursor, limit=3)
            cursor, more = page["cursor"], page["more"]
            found += [order["id"] for order in page["orders"]]
        self.assertEqual(found, orders.ids)
        self.assertEqual(self.as_client.orders(cursor)["orders"], [])
        again = self.as_client.orders(self.cursor, limit=500)["orders"]
        self.assertEqual([order["version"] for order in again], [1] * 7, "the same once more")
