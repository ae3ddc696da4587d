import random
from datetime import timedelta
from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL

from ..models.res_partner.standing import ResPartner
from ..standing import get_bucket
from .common import CreditCommon


@tagged("post_install", "-at_install")
class TestStanding(CreditCommon):
    # === OPEN ITEMS === #

    def test_due_today_is_not_overdue(self):
        self._create_invoice(100)
        standing = self._standing()
        self.assertEqual((standing.open_amount, standing.overdue, standing.days), (100, 0, 0))
        self.assertEqual(standing.ageing["not_due"], 100)

    def test_ageing(self):
        self.assertEqual(
            [get_bucket(days) for days in (-5, 0, 1, 30, 31, 60, 61, 90, 91, 5000)],
            ["not_due"] * 2 + ["1_30"] * 2 + ["31_60"] * 2 + ["61_90"] * 2 + ["over_90"] * 2,
        )
        for days, amount in ((-3, 1), (1, 10), (40, 100), (75, 1000), (200, 10000)):
            self._create_invoice(amount, days)
        standing = self._standing()
        self.assertEqual(list(standing.ageing.values()), [1, 10, 100, 1000, 10000])
        self.assertEqual((standing.overdue, standing.days), (11110, 200))

    def test_credit_notes_and_payments_count(self):
        invoice = self._create_invoice(100, 5)
        self._create_invoice(30, move_type="out_refund")
        standing = self._standing()
        self.assertEqual((standing.open_amount, standing.overdue), (70, 100))
        self._pay(invoice)
        standing = self._standing()
        self.assertEqual((standing.open_amount, standing.overdue), (-30, 0))

    def test_open_is_whatever_has_something_left(self):
        """Reconciled in part or as a whole, in one currency or in another."""
        foreign = self.env.ref("base.EUR") | self.env.ref("base.USD")
        foreign = (foreign - self.company.currency_id)[:1]
        foreign.active = True
        foreign.rate_ids.unlink()
        foreign.rate_ids = [
            Command.create({"name": "2000-01-01", "rate": 3.7, "company_id": self.company.id}),
            Command.create({"name": self.today, "rate": 4.1, "company_id": self.company.id}),
        ]
        paid = self._create_invoice(100, 5)
        self._pay(paid)
        for values, payment in (
            ({}, 40),
            ({"currency_id": foreign.id}, 33.33),
            ({"currency_id": foreign.id}, 0.01),
        ):
            self._pay(self._create_invoice(100, 45, **values), amount=payment)
        self._pay(self._create_invoice(77, 45, currency_id=foreign.id))
        self._create_invoice(30, move_type="out_refund")
        credited = self._create_invoice(25, 70)
        note = self._create_invoice(25, move_type="out_refund", currency_id=foreign.id)
        items = (credited | note).line_ids
        items.filtered(lambda item: item.account_type == "asset_receivable").reconcile()
        self.env.flush_all()
        self.env.invalidate_all()
        expected = (
            self.env["account.move.line"]
            .search(
                [
                    ("account_type", "=", "asset_receivable"),
                    ("parent_state", "=", "posted"),
                    ("partner_id.commercial_partner_id", "=", self.customer.id),
                ]
            )
            .filtered("amount_residual")
        )
        self.assertGreater(len(expected), 4)
        found = self.customer._get_b2b_open_items(self.company, self.today)
        self.assertEqual(
            sorted((item["move_id"], float(item["residual"])) for item in found),
            sorted((item.move_id.id, item.amount_residual) for item in expected),
        )
        self.assertEqual(self.customer._count_b2b_open_items(self.company), len(expected))
        self.assertAlmostEqual(
            self._standing().open_amount, sum(expected.mapped("amount_residual")), 6
        )
        self.assertNotIn(paid.id, [item["move_id"] for item in found])

    def test_others_do_not_count(self):
        self._create_invoice(100, partner=self.rival)
        self.assertFalse(self._standing().used)
        self._create_invoice(100, partner=self.buyer_user.partner_id)
        self.assertEqual(self._standing().used, 100, "a contact is its company")

    def test_drafts_and_cancelled_invoices_do_not_count(self):
        self._create_invoice(100).button_draft()
        self.assertFalse(self._standing().used)

    # === ORDERS === #

    def _order(self, quantity=10):
        order = self._create_order([(self.product_b, quantity)])
        order.order_line.price_unit = 10
        return order

    def test_orders_count_once_placed(self):
        order = self._order()
        self.assertFalse(self._standing().used, "a quotation is no order")
        order.action_confirm()
        self.assertEqual(self._standing().ordered, 100)
        order._action_cancel()
        self.assertFalse(self._standing().ordered)

    def test_carts_and_templates_do_not_count(self):
        self.assertFalse(self._standing().ordered)

    def test_pro_forma_counts_from_the_start(self):
        self._place(self._get_cart())
        self.assertEqual(self._standing().ordered, self.cart.amount_total)

    def test_order_counts_with_its_own_total(self):
        """Taxes that are rounded together are not those of the lines."""
        self.company.tax_calculation_rounding_method = "round_globally"
        tax = self.env["account.tax"].create({"name": "23 %", "amount": 23})
        (self.product | self.product_b).taxes_id = tax
        order = self._create_order([(self.product, 1), (self.product_b, 1)])
        order.order_line.price_unit = 1.11
        order.action_confirm()
        self.assertEqual(order.amount_total, 2.73)
        self.assertAlmostEqual(sum(order.order_line.mapped("price_total")), 2.74)
        self.assertEqual(self._standing().ordered, 2.73)
        self._set_limit(2.73, "block")
        self.assertEqual(self._standing().headroom, 0)
        order.order_line[0].product_uom_qty = 3
        self.assertEqual(self._standing().ordered, order.amount_total)

    def test_order_becomes_an_open_item(self):
        order = self._order()
        order.action_confirm()
        self.product_b.invoice_policy = "order"
        invoice = order._create_invoices()
        self.assertEqual(self._standing().used, 100, "nobody owes anything by a draft")
        invoice.action_post()
        standing = self._standing()
        self.assertEqual((standing.ordered, standing.open_amount), (0, invoice.amount_total))

    def test_partly_invoiced(self):
        order = self._order()
        order.action_confirm()
        self.product_b.invoice_policy = "order"
        invoice = order._create_invoices()
        invoice.invoice_line_ids.quantity = 4
        invoice.action_post()
        self.assertEqual(self._standing().ordered, 60)

    def test_credited_order_is_not_ordered_anew(self):
        order = self._order()
        order.action_confirm()
        self.product_b.invoice_policy = "order"
        invoice = order._create_invoices()
        invoice.action_post()
        refund = invoice._reverse_moves()
        refund.action_post()
        self.assertEqual(self._standing().used, 0)

    def test_down_payment_counts_once(self):
        order = self._order()
        order.action_confirm()
        self.product_b.invoice_policy = "order"
        self._invoice_down_payment(order, 30)
        self.assertEqual(self._standing().used, 100)
        order._create_invoices(final=True).action_post()
        self.assertEqual(self._standing().used, 100)
        self.assertEqual(self._standing().ordered, 0)

    def test_credited_down_payment_is_to_be_paid_with_the_order(self):
        order = self._order()
        order.action_confirm()
        self.product_b.invoice_policy = "order"
        self._invoice_down_payment(order, 30)._reverse_moves().action_post()
        standing = self._standing()
        self.assertEqual((standing.open_amount, standing.ordered), (0, 100))
        order._create_invoices(final=True).action_post()
        standing = self._standing()
        self.assertEqual((standing.open_amount, standing.ordered), (100, 0))

    def test_down_payment_credited_after_the_final_invoice(self):
        order = self._order()
        order.action_confirm()
        self.product_b.invoice_policy = "order"
        down_payment = self._invoice_down_payment(order, 30)
        order._create_invoices(final=True).action_post()
        self.assertEqual((order.invoice_status, self._standing().used), ("invoiced", 100))
        down_payment._reverse_moves().action_post()
        standing = self._standing()
        self.assertEqual((standing.open_amount, standing.ordered), (70, 30))

    def test_what_is_left_out_at_the_start_is_not_open(self):
        """Random orders: all read, and without those that Odoo calls invoiced, is the same."""
        draw = random.Random(19)
        self.product_b.invoice_policy = "order"
        skipped = 0
        for _ in range(25):
            order = self._order(draw.randint(1, 9))
            order.action_confirm()
            if draw.random() < 0.3:
                invoice = self._invoice_down_payment(order, draw.randint(1, 9))
                if draw.random() < 0.5:
                    invoice._reverse_moves().action_post()
            if draw.random() < 0.8:
                invoice = order._create_invoices(final=True)
                if draw.random() < 0.3:
                    invoice.invoice_line_ids[:1].quantity = draw.choice([0.5, 1, 12])
                if draw.random() < 0.7:
                    invoice.action_post()
                    if draw.random() < 0.3:
                        refund = invoice._reverse_moves()
                        if draw.random() < 0.5:
                            refund.action_post()
                elif draw.random() < 0.3:
                    invoice.button_cancel()
            if draw.random() < 0.2:
                order.order_line[:1].qty_delivered = draw.randint(1, 20)
            skipped += order.invoice_status == "invoiced"
            found = self._standing().ordered
            with patch.object(ResPartner, "_get_b2b_may_be_open_sql", lambda self: SQL("TRUE")):
                self.assertEqual(found, self._standing().ordered)
        self.assertGreater(skipped, 5)

    def _create_shipped(self, delivered, policy):
        """Create an order for ten, of goods that transfers bring, with nothing left to ship."""
        self.product_b.invoice_policy = policy
        order = self._order()
        order.action_confirm()
        # As transfers would count them; `stock` is not there in every surrounding.
        order.order_line.qty_delivered = delivered
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order_line SET qty_delivered_method = 'stock_move' WHERE id = %s",
            order.order_line.ids,
        )
        return order

    def test_goods_that_were_given_up_use_no_credit(self):
        order = self._create_shipped(6, "delivery")
        over = patch.object(self.registry["sale.order"], "_get_delivery_over_sql", self._is_true)
        self.assertEqual(self._standing().ordered, 100, "four may still be shipped")
        with over:
            self.assertEqual(self._standing().ordered, 60)
        order._create_invoices().action_post()
        with over:
            standing = self._standing()
            self.assertEqual((standing.ordered, standing.open_amount), (0, 60))

    def test_what_is_invoiced_as_ordered_is_owed_whatever_was_shipped(self):
        self._create_shipped(6, "order")
        with patch.object(self.registry["sale.order"], "_get_delivery_over_sql", self._is_true):
            self.assertEqual(self._standing().ordered, 100)

    def test_services_are_yet_to_come(self):
        order = self._create_shipped(6, "delivery")
        self.env.cr.execute(
            "UPDATE sale_order_line SET qty_delivered_method = 'manual' WHERE id = %s",
            order.order_line.ids,
        )
        with patch.object(self.registry["sale.order"], "_get_delivery_over_sql", self._is_true):
            self.assertEqual(self._standing().ordered, 100)

    def test_what_an_erp_has_invoiced_is_no_order_any_more(self):
        self._order().action_confirm()
        hook = "_get_invoiced_elsewhere_sql"
        with patch.object(self.registry["sale.order"], hook, self._is_true):
            self.assertEqual(self._standing().ordered, 0)
        self.assertEqual(self._standing().ordered, 100)

    @staticmethod
    def _is_true(orders):
        return SQL("TRUE")

    def test_other_currency_at_the_days_rate(self):
        currency = self.env["res.currency"].with_context(active_test=False)
        currency = currency.search([("id", "!=", self.company.currency_id.id)], limit=1)
        currency.active = True
        currency.rate_ids.unlink()
        self.env["res.currency.rate"].create(
            {"currency_id": currency.id, "name": self.today - timedelta(1), "rate": 4.0}
        )
        pricelist = self._create_pricelist(currency_id=currency.id, is_b2b=False)
        order = self._order()
        order.pricelist_id = pricelist
        order.currency_id = currency
        order.order_line.price_unit = 40
        order.action_confirm()
        self.assertEqual(self._standing().ordered, 100)
        self.product_b.invoice_policy = "order"
        invoice = order._create_invoices()
        invoice.invoice_line_ids.quantity = 4
        invoice.action_post()
        standing = self._standing()
        self.assertEqual((standing.ordered, standing.open_amount), (60, 40))

    def test_headroom(self):
        self._set_limit(150)
        self._create_invoice(100)
        self.assertEqual(self._standing().headroom, 50)
        self._create_invoice(100)
        self.assertEqual(self._standing().headroom, 0)

    # === STATEMENT === #

    def test_statement(self):
        old = self._create_invoice(100, 60)
        new = self._create_invoice(40, 5)
        day = self.today - timedelta(days=30)
        statement = self.customer._get_b2b_statement(self.company, day, self.today)
        self.assertEqual((statement["opening"], statement["closing"]), (100, 140))
        self.assertEqual([row["number"] for row in statement["rows"]], [new.name])
        self._pay(old)
        statement = self.customer._get_b2b_statement(self.company, day, self.today)
        self.assertEqual((statement["closing"], statement["credit"]), (40, 100))
        early = self.customer._get_b2b_statement(self.company, day, day)
        self.assertEqual((early["opening"], early["closing"], early["rows"]), (100, 100, []))

    def test_statement_adds_up_on_every_day(self):
        old = self._create_invoice(100.10, 60)
        self._create_invoice(40.25, 5)
        self._create_invoice(15.15, 20, move_type="out_refund")
        self._create_invoice(999, 10, partner=self.rival)
        self._pay(old)
        begin, last = self.today - timedelta(days=90), self.today
        whole = self.customer._get_b2b_statement(self.company, begin, last)
        self.assertEqual((whole["opening"], whole["closing"]), (0, 25.1))
        for days in (70, 60, 59, 20, 5, 1):
            day = self.today - timedelta(days=days)
            first = self.customer._get_b2b_statement(self.company, begin, day - timedelta(1))
            second = self.customer._get_b2b_statement(self.company, day, last)
            self.assertEqual(first["closing"], second["opening"], days)
            for one in (first, second):
                moved = one["debit"] - one["credit"]
                self.assertAlmostEqual(one["opening"] + moved, one["closing"], places=6)
                balances = [row["balance"] for row in one["rows"]]
                self.assertEqual(balances[-1:] or [one["opening"]], [one["closing"]])
            self.assertEqual(second["closing"], whole["closing"])

    def test_branches_count_archived_ones_too(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        stranger = self.env["res.company"].create({"name": "Another company"})
        before = self.customer._get_b2b_standing(self.company).open_amount
        for company in (self.company, branch, stranger):
            self.assertIn(
                company.id,
                [row[0] for row in self.env.execute_query(company._get_b2b_branches_sql())],
            )
        invoice = self._create_invoice(10)
        self.env.flush_all()
        for company, added in ((branch, 10), (stranger, 0)):
            self.env.cr.execute(
                "UPDATE account_move_line SET company_id = %s WHERE move_id = %s",
                [company.id, invoice.id],
            )
            for active in (True, False):
                company.active = active
                after = self.customer._get_b2b_standing(self.company).open_amount
                self.assertEqual(after - before, added, company.name)

    def test_queries_do_not_grow(self):
        counts = {"standing": [], "statement": [], "items": []}
        for size in (2, 12):
            for _index in range(size):
                self._create_invoice(1, 3)
                self._order(1).action_confirm()
            with self._count_queries() as count:
                self.customer._get_b2b_standing(self.company)
            counts["standing"] += count
            with self._count_queries() as count:
                self.customer._get_b2b_statement(
                    self.company, self.today.replace(day=1), self.today
                )
            counts["statement"] += count
            with self._count_queries() as count:
                self.customer._get_b2b_open_items(self.company, self.today)
            counts["items"] += count
        for few, many in counts.values():
            self.assertNoMoreQueries(few, many)
