import json

import jsonschema

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .orders_common import ADDRESS_KEYS, SCHEMA, OrdersCommon


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
        # Those of one transaction come in the order in which Odoo wrote them.
        self.assertEqual(sorted(found), orders.ids)
        self.assertEqual(self.as_client.orders(cursor)["orders"], [])
        again = self.as_client.orders(self.cursor, limit=500)["orders"]
        self.assertEqual([order["version"] for order in again], [1] * 7, "the same once more")

    def test_schema(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)
        validator = jsonschema.Draft202012Validator(SCHEMA)
        bare = self.env["res.partner"].create({"name": "Wholesale Buyer"})
        nameless = self.env["res.partner"].create({"parent_id": bare.id, "type": "delivery"})
        self._place(partner_id=bare.id, partner_shipping_id=nameless.id, order_line=[])
        self._place(
            partner_id=bare.id,
            note="<p>Ring <i>twice</i></p>",
            order_line=[
                Command.create({"display_type": "line_section", "name": "Paint"}),
                Command.create({"product_id": self.product.id, "product_uom_qty": -1.5}),
                Command.create({"product_id": self.product.id, "discount": 100}),
            ],
        )
        self._place()._action_cancel()
        # Those of one transaction come in the order in which Odoo wrote them.
        found = sorted(self._news(), key=lambda order: order["id"])
        self.assertEqual(len(found), 3)
        for order in found:
            validator.validate(order)
        self.assertEqual(found[0]["delivery_address"]["name"], "Wholesale Buyer")
        # The schema is one that says no.
        bad = json.loads(json.dumps(found[1]))
        for values in (
            {"note": None},
            {"version": 0},
            {"state": "draft"},
            {"placed_at": ""},
            {"placed_at": "2026-01-01 10:00:00"},
            {"currency_rate": 1.0},
            {"added": None},
            {"totals": {"net": "1.00"}},
            {"customer": {**bad["customer"], "country": "Poland"}},
            {"lines": [{**bad["lines"][0], "kind": "section"}]},
            {"lines": [{**bad["lines"][0], "tax_rates": [23]}]},
        ):
            self.assertFalse(validator.is_valid({**bad, **values}), values)
        self.assertTrue(validator.is_valid({**bad, "cost_center": "K-1"}), "others may add keys")
        with_key = [{**bad["lines"][0], "part_number": ""}]
        self.assertTrue(validator.is_valid({**bad, "lines": with_key}))

    def test_default_is_every_type_but_sales_orders(self):
        feed = self._create_feed(name="Default")
        self.assertEqual(feed.export_domain, "[('document_type', '!=', 'sale')]")
        web, sale = self._place(), self._create_order()
        found = {row["id"] for row in self._read_all(feed=feed.with_user(self.client))[0]}
        self.assertIn(web.id, found)
        self.assertNotIn(sale.id, found)

    def test_what_is_no_order_is_never_told(self):
        self.feed.export_domain = "[]"
        self._news()
        quotation = self._create_order(confirm=False)
        quotation.action_quotation_sent()
        web = self._create_order(confirm=False, document_type="web")
        declined = self._create_order(confirm=False)
        declined._action_cancel()
        company = self.env["res.company"].create({"name": "Branch"})
        elsewhere = self._create_order()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order SET company_id = %s WHERE id = %s", [company.id, elsewhere.id]
        )
        self.env.invalidate_all()
        self.assertEqual(self._news(), [])
        self.assertEqual((quotation | web | declined).mapped("was_placed"), [False] * 3)

    def test_company_cannot_be_widened_by_the_filter(self):
        company = self.env["res.company"].create({"name": "Branch"})
        order = self._create_order()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order SET company_id = %s WHERE id = %s", [company.id, order.id]
        )
        self.env.invalidate_all()
        self.feed.export_domain = f"['|', ('id', '>', 0), ('company_id', '=', {company.id})]"
        self.assertNotIn(order.id, [row["id"] for row in self._news()])

    def test_filter_that_cannot_be_read_is_refused(self):
        typed = ("x", "[('nothing', '=', 1)]", "[('id', 'is', 1)]", "[(", "{}", "1", "[1]")
        # What only the database cannot compare.
        compared = ("[('amount_total', '>', 'much')]", "[('date_order', '>', 'soon')]")
        for domain in (*typed, *compared):
            with self.assertRaisesRegex(ValidationError, "cannot be read"), self.cr.savepoint():
                self.feed.export_domain = domain

    def test_who_fetched_what(self):
        order = self._place(user_id=self.seller.id)
        self.assertFalse(order.erp_fetch_ids)
        self._news()
        (fetch,) = order.erp_fetch_ids
        self.assertEqual((fetch.feed_id, fetch.version), (self.feed, 1))
        self.assertTrue(self.feed.last_fetch >= fetch.date)
        order.client_order_ref = "PO"
        self._news()
        self.assertEqual(order.erp_fetch_ids.mapped("version"), [2])
        # read by salespeople, as the order; the feed itself is not theirs
        seen = order.with_user(self.seller).erp_fetch_ids.read(["feed_name", "version"])
        self.assertEqual(seen[0]["feed_name"], self.feed.name)
        for call in (
            lambda: fetch.with_user(self.seller).write({"version": 9}),
            lambda: fetch.with_user(self.manager).unlink(),
            lambda: fetch.with_user(self.client).read(["version"]),
        ):
            with self.assertRaises(AccessError):
                call()

    def test_language_of_the_caller_changes_no_version(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        self.product.uom_id.with_context(lang="pl_PL").name = "Sztuki"
        self._place()
        found = self._news()
        again = self.as_client.with_context(lang="pl_PL").orders()
        self.assertIn(found[0], again["orders"])

    def test_queries_do_not_grow_with_the_page(self):
        def count(number):
            self._create_orders(
                number,
                document_type="web",
                order_line=[Command.create({"product_id": self.product.id})] * 5,
            )
            with self._count_queries() as queries:
                self.assertEqual(len(self._news()), number)
            return queries[0]

        count(1)
        few, many = count(3), count(60)
        self.assertNoMoreQueries(few, many)
        self.assertLessEqual(many, 20, "two calls of 500 orders take 40 at most")

    def test_writing_an_order_takes_no_query_more(self):
        order = self._place()
        # Nothing of ours is asked: what is noted is noted within the statements of others.
        with self._count_queries() as queries:
            order.origin = "x"
        with_triggers = queries[0]
        self.env.cr.execute("ALTER TABLE sale_order DISABLE TRIGGER USER")
        with self._count_queries() as queries:
            order.origin = "y"
        self.assertEqual(with_triggers, queries[0])

    # === OTHER APPS, WHERE THEY ARE THERE === #

    def test_delivery_line_and_carrier(self):
        delivers = "is_delivery" in self.env["sale.order.line"]._fields
        values, line = {}, {"product_id": self.product.id, "name": "Courier"}
        if delivers:
            line["is_delivery"] = True
            carrier = self.env["delivery.carrier"].create(
                {"name": "Courier", "product_id": self.product.id}
            )
            values["carrier_id"] = carrier.id
        goods = {"product_id": self.product.id}
        self._place(order_line=[Command.create(goods), Command.create(line)], **values)
        (found,) = self._news()
        kinds = [line["kind"] for line in found["lines"]]
        self.assertEqual(kinds, ["service", "delivery" if delivers else "service"])
        self.assertEqual(found["carrier"], "Courier" if delivers else "")

    def test_carts_and_templates_of_the_b2b_shop(self):
        self.feed.export_domain = "[]"
        self._news()
        has_b2b = "b2b_qualifier" in self.env["sale.order"]._fields
        drafts = self.env["sale.order"]
        for qualifier in ("cart", "template") if has_b2b else ():
            drafts |= drafts.create(
                {
                    "partner_id": self.customer.id,
                    "b2b_qualifier": qualifier,
                    "order_line": [Command.create({"product_id": self.product.id})],
                }
            )
        drafts.order_line.product_uom_qty = 3
        order = self._place()
        if has_b2b:
            order.b2b_note = "Leave it at the gate"
        found = self._news()
        self.assertEqual([row["id"] for row in found], order.ids)
        self.assertEqual(found[0]["note"][:20], "Leave it at the gate" if has_b2b else "")
