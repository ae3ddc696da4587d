from odoo.fields import Command, Domain
from odoo.tests import tagged
from odoo.tools import SQL

from .orders_common import OrdersCommon


@tagged("post_install", "-at_install")
class TestOrderVersions(OrdersCommon):
    """What brings an order again, with a higher version, and what does not."""

    def setUp(self):
        super().setUp()
        self.order = self._place()
        (self.last,) = self._news()

    def assertComesAgain(self, order=None):
        """The order comes once, with the next version."""
        found = self._news()
        self.assertEqual([row["id"] for row in found], [(order or self.order).id])
        self.assertEqual(found[0]["version"], self.last["version"] + 1)
        self.assertNotEqual(
            {**found[0], "version": 0}, {**self.last, "version": 0}, "something did change"
        )
        self.last = found[0]
        self.assertEqual(self._news(), [])
        return found[0]

    def assertStays(self):
        self.assertEqual(self._news(), [])

    # === WHAT CHANGES AN ORDER === #

    def test_fields_of_the_order(self):
        other = self.env["res.partner"].create(
            {"name": "Side door", "parent_id": self.customer.id, "type": "delivery"}
        )
        term = self.env["account.payment.term"].create({"name": "30 days"})
        for values, name, expected in (
            ({"client_order_ref": "PO 1"}, "client_order_ref", "PO 1"),
            ({"client_order_ref": False}, "client_order_ref", ""),
            ({"note": "<p>By the <b>side</b> door</p>"}, "note", "By the *side* door"),
            ({"note": False}, "note", ""),
            ({"commitment_date": "2026-12-24 08:00:00"}, "requested_date", "2026-12-24T08:00:00Z"),
            ({"commitment_date": False}, "requested_date", ""),
            ({"date_order": "2026-11-01 09:30:00"}, "placed_at", "2026-11-01T09:30:00Z"),
        ):
            self.order.write(values)
            self.assertEqual(self.assertComesAgain()[name], expected)
        self.order.partner_shipping_id = other
        self.assertEqual(self.assertComesAgain()["delivery_address"]["name"], "Side door")
        self.order.payment_term_id = term
        self.assertEqual(self.assertComesAgain()["payment"]["terms"], "30 days")

    def test_lines(self):
        line = self.order.order_line
        line.product_uom_qty = 7
        self.assertEqual(self.assertComesAgain()["lines"][0]["quantity"], "7.00")
        line.price_unit = 11
        self.assertEqual(self.assertComesAgain()["lines"][0]["unit_net"], "11.0000")
        line.discount = 10
        self.assertEqual(self.assertComesAgain()["lines"][0]["discount"], "10.0000")
        line.name = "Blue paint, matt"
        self.assertEqual(self.assertComesAgain()["lines"][0]["name"], "Blue paint, matt")
        self.order.order_line = [Command.create({"product_id": self.product.id})]
        self.assertEqual(len(self.assertComesAgain()["lines"]), 2)
        self.order.order_line[1].sequence = line.sequence - 1
        self.assertEqual(self.assertComesAgain()["lines"][1]["id"], line.id)
        self.order.order_line[1].product_uom_qty = 0
        self.assertComesAgain()
        line.tax_ids = self.env["account.tax"].create(
            {"name": "None at all", "amount": 0, "type_tax_use": "sale"}
        )
        rates = [line["tax_rates"] for line in self.assertComesAgain()["lines"]]
        self.assertIn(["0.0000"], rates)

    def test_line_that_is_removed(self):
        order = self._create_order(
            document_type="web",
            order_line=[Command.create({"product_id": self.product.id})] * 2,
            confirm=False,
        )
        order.state = "sent"
        (self.last,) = self._news()
        order.order_line[0].unlink()
        self.assertEqual(len(self.assertComesAgain(order)["lines"]), 1)

    def test_state(self):
        order = self._create_order(document_type="web", confirm=False)
        self.assertEqual(self._news(), [], "a quotation is no order")
        order.action_quotation_sent()
        (self.last,) = self._news()
        self.assertEqual((self.last["state"], self.last["version"]), ("placed", 1))
        order.action_confirm()
        self.assertEqual(self.assertComesAgain(order)["state"], "confirmed")
        order._action_cancel()
        self.assertEqual(self.assertComesAgain(order)["state"], "cancelled")
        order.action_draft()
        self.assertStays()
        order.action_quotation_sent()
        self.assertEqual(self.assertComesAgain(order)["state"], "placed")

    def test_edited_address_brings_every_order_that_uses_it(self):
        others = self._create_orders(2, document_type="web")
        self._news()
        for values in (
            {"street": "Nowa 2"},
            {"city": "Łódź", "country_id": self.env.ref("base.pl").id},
            {"email": "new@example.com"},
            {"ref": "K-1"},
            {"vat": "PL5260001246"},
        ):
            self.customer.write(values)
            found = self._news()
            self.assertEqual({row["id"] for row in found}, {self.order.id, *others.ids})
            for name, value in values.items():
                if name != "country_id":
                    self.assertEqual(found[0]["customer"][name], value)
        self.assertEqual({row["version"] for row in found}, {6})
        self.customer.write({"comment": "Pays late", "color": 3})
        self.assertStays()

    def test_reference_of_the_company_is_that_of_its_contacts(self):
        company = self.env["res.partner"].create({"name": "Firma", "is_company": True})
        self.customer.parent_id = company
        (self.last,) = self._news()
        self.assertEqual(self.last["customer"]["company"], "Firma")
        company.ref = "FIRMA"
        self.assertEqual(self.assertComesAgain()["customer"]["ref"], "FIRMA")
        company.name = "Firma S.A."
        self.assertEqual(self.assertComesAgain()["customer"]["company"], "Firma S.A.")

    def test_article_and_terms_called_otherwise_until_an_erp_has_the_order(self):
        term = self.env["account.payment.term"].create({"name": "30 days"})
        self.order.payment_term_id = term
        self.assertComesAgain()
        self.product.default_code = "NEW-1"
        self.assertEqual(self.assertComesAgain()["lines"][0]["sku"], "NEW-1")
        self.product.barcode = "5901234123464"
        self.assertEqual(self.assertComesAgain()["lines"][0]["barcode"], "5901234123464")
        term.name = "A month"
        self.assertEqual(self.assertComesAgain()["payment"]["terms"], "A month")
        self.product.write({"list_price": 99, "description_sale": "Blue"})
        term.note = "Thank you"
        self.assertStays()
        self._push_document(self.order, kind="order", number="ZK 1/2026")
        self.product.default_code = "NEW-2"
        term.name = "Four weeks"
        self.assertStays()
        self.order.client_order_ref = "PO 1"
        self.assertEqual(self.assertComesAgain()["lines"][0]["sku"], "NEW-2")

    def test_article_called_otherwise_brings_no_cancelled_order(self):
        self.order._action_cancel()
        self.assertComesAgain()
        self.product.default_code = "NEW-1"
        self.assertStays()

    def _pay(self, method, amount, **values):
        """Return a new payment of the order."""
        provider = self.env["payment.provider"].create({"name": "Bank", "code": "none"})
        method = self.env["payment.method"].create({"name": method, "code": "method_test"})
        return self.env["payment.transaction"].create(
            {
                "provider_id": provider.id,
                "payment_method_id": method.id,
                "reference": "tx-1",
                "amount": amount,
                "currency_id": self.order.currency_id.id,
                "partner_id": self.customer.id,
                "sale_order_ids": [Command.set(self.order.ids)],
                **values,
            }
        )

    def test_payment(self):
        transaction = self._pay("Transfer", 50.0)
        self.assertStays()
        transaction.state = "pending"
        self.assertEqual(
            self.assertComesAgain()["payment"], {"method": "Transfer", "terms": "", "paid": "0.00"}
        )
        # By SQL: not every provider may only authorize.
        self.env.cr.execute(
            "UPDATE payment_transaction SET state = 'authorized' WHERE id = %s", [transaction.id]
        )
        transaction.invalidate_recordset()
        self.assertStays()
        transaction.state = "done"
        self.assertEqual(self.assertComesAgain()["payment"]["paid"], "50.00")
        refund = transaction._create_child_transaction(20.0, is_refund=True)
        refund.state = "done"
        self.assertEqual(self.assertComesAgain()["payment"]["paid"], "30.00")

    def test_payment_that_is_taken_in_parts(self):
        """A part of what was authorised is taken, the rest given up, some of it given back."""
        transaction = self._pay("Card", 100.0, operation="online_direct", state="pending")
        self.assertEqual(self.assertComesAgain()["payment"]["paid"], "0.00")

        def paid():
            return self.assertComesAgain()["payment"]

        capture = transaction._create_child_transaction(60.0)
        capture.state = "done"
        self.assertEqual(paid(), {"method": "Card", "terms": "", "paid": "60.00"})
        transaction._create_child_transaction(40.0).state = "cancel"
        # As Odoo does once everything is either taken or given up.
        transaction.state = "done"
        self.assertStays()
        capture._create_child_transaction(20.0, is_refund=True).state = "done"
        self.assertEqual(paid()["paid"], "40.00")

    def test_what_is_written_by_sql(self):
        self.env.cr.execute(
            "UPDATE sale_order SET client_order_ref = 'SQL' WHERE id = %s", [self.order.id]
        )
        self.env.invalidate_all()
        self.assertEqual(self.assertComesAgain()["client_order_ref"], "SQL")

    # === WHAT DOES NOT === #

    def test_status_flag_number_and_files_do_not(self):
        self.order.set_order_flag(self.flag_in_progress.id, note="Soon")
        self.assertStays()
        self.order.set_order_status(self.fulfilled.id)
        self.assertStays()
        self.order.external_ref = "ZK 1/2026"
        self.assertStays()
        self._push_one(self.order, flag="Odrzucone")
        self.assertStays()
        self.order.rotate_tracking_token()
        self.order.message_post(body="Hello")
        self.order.write({"client_order_ref": self.order.client_order_ref})
        self.order.order_line.write({"product_uom_qty": 5.0})
        self.assertStays()

    def test_number_of_the_erp_is_told_with_the_next_version(self):
        self.order.external_ref = "ZK 1/2026"
        self.order.client_order_ref = "PO 2"
        found = self.assertComesAgain()
        self.assertEqual(found["external_ref"], "ZK 1/2026")

    def test_invoicing_in_odoo_does_not(self):
        self.order._create_invoices().action_post()
        self.assertStays()

    def test_change_that_is_taken_back_before_the_next_look_does_not(self):
        self.order.client_order_ref = "PO 3"
        self.env.flush_all()
        self.order.client_order_ref = False
        self.assertStays()

    # === SEVERAL FEEDS === #

    def test_version_is_the_same_for_every_feed(self):
        other = self._create_feed(name="Other", export_domain=self.feed.export_domain)
        other = other.with_user(self.client)
        self.order.client_order_ref = "PO 4"
        found, cursor = self._read_all(feed=other)
        mine = [row for row in found if row["id"] == self.order.id]
        self.assertEqual(mine, [self.assertComesAgain()])
        self.order.client_order_ref = "PO 5"
        expected = self.assertComesAgain()
        found, cursor = self._read_all(cursor, feed=other)
        self.assertEqual(found, [expected], "also what the other feed numbered first")
        self.assertEqual(self._read_all(cursor, feed=other)[0], [])

    def test_no_change_is_looked_at_once_and_hides_nothing_from_others(self):
        other = self._create_feed(name="Other", export_domain=self.feed.export_domain)
        other = other.with_user(self.client)
        cursor = self._read_all(feed=other)[1]
        self.order.client_order_ref = "PO 6"
        self.assertComesAgain()
        self.env.cr.execute(
            "UPDATE sale_order SET origin = 'elsewhere' WHERE id = %s", [self.order.id]
        )
        self.assertStays()
        found, cursor = self._read_all(cursor, feed=other)
        self.assertEqual([row["version"] for row in found], [2])
        self.assertEqual(self._read_all(cursor, feed=other)[0], [])

    def test_order_that_matches_later_comes(self):
        self.feed.export_domain = (
            f"[('partner_id', '=', {self.customer.id}), ('origin', '=', 'shop')]"
        )
        order = self._place()
        self.assertStays()
        order.origin = "shop"
        self.assertEqual([row["id"] for row in self._news()], [order.id])

    def test_new_filter_brings_what_was_never_given(self):
        order = self._create_order()
        self.feed.export_domain = "[('document_type', '=', 'web')]"
        self._news()
        self.feed.export_domain = "[('partner_id.name', '=', 'Wholesale Buyer')]"
        self.assertEqual([row["id"] for row in self._news()], [order.id])
        order.client_order_ref = "PO 8"
        self.assertEqual([row["id"] for row in self._news()], [order.id])

    def test_what_was_given_is_no_list_to_read_for_each_order(self):
        never_given = Domain.custom(to_sql=self.feed._select_not_fetched)
        query = self.env["sale.order"]._search(never_given)
        lines = self.env.execute_query(SQL("EXPLAIN %s", query.select()))
        plan = "\n".join(line for (line,) in lines)
        self.assertIn("Anti Join", plan)
        self.assertNotIn("SubPlan", plan)

    def test_notes_are_tidied_up_and_nothing_is_lost(self):
        for position, reference in enumerate(("PO 9", "PO 10"), 1):
            self.order.client_order_ref = reference
            self.env.flush_all()
            # As if each had been a transaction of its own, which has ended.
            self.env.cr.execute(
                """
                UPDATE sale_order_erp_touch SET feed_position = %s
                 WHERE order_id = %s AND feed_position > 2
                """,
                [position, self.order.id],
            )
        self.env.cr.execute("INSERT INTO sale_order_erp_touch (order_id) VALUES (0)")
        self.env["sale.order.erp.touch"]._gc_touches()
        self.env.cr.execute(
            "SELECT order_id, feed_position FROM sale_order_erp_touch WHERE order_id IN %s",
            [(0, self.order.id)],
        )
        self.assertEqual(self.env.cr.fetchall(), [(self.order.id, 2)])
        (found,) = (row for row in self._read_all()[0] if row["id"] == self.order.id)
        self.assertEqual((found["client_order_ref"], found["version"]), ("PO 10", 2))
