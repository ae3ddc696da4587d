import re

from psycopg2.errors import CheckViolation

from odoo.exceptions import UserError, ValidationError
from odoo.tests import freeze_time, tagged
from odoo.tools import SQL, mute_logger

from ..context_keys import DECIDING
from .budgets import BudgetCommon


@tagged("post_install", "-at_install")
class TestBudgets(BudgetCommon):
    """What is reserved, spent and left, and what becomes of an order that exceeds it."""

    @mute_logger("odoo.sql_db")
    def test_days_for_an_approval_stay_within_the_calendar(self):
        for days in (0, 2**31 - 1):
            with self.assertRaises(CheckViolation), self.cr.savepoint():
                self.company.b2b_approval_days = days
                self.env.flush_all()

    def test_order_is_booked_on_no_center_of_another_customer(self):
        foreign = self.env["b2b.cost.center"].create(
            {"partner_id": self.rival.id, "code": "R", "name": "Rival's secret"}
        )
        order = self._place().sudo()
        with self.assertRaises(ValidationError), self.cr.savepoint():
            order.cost_center_id = foreign
        with self.assertRaises(ValidationError), self.cr.savepoint():
            self._create_order([(self.product, 1)], cost_center_id=foreign.id)
        order.cost_center_id = self.center

    def test_refusal_names_no_center_of_another_company(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        customer = self.env["res.partner"].create({"name": "Far Ltd", "is_company": True})
        foreign = self.env["b2b.cost.center"].create(
            {"partner_id": customer.id, "code": "F", "name": "Far secret"}
        )
        orders = self._place().sudo(False).with_user(self.seller_user)
        for seller, is_named in ((False, True), (company, False)):
            customer.company_id = seller
            with self.assertRaises(UserError) as refused, self.cr.savepoint():
                orders.cost_center_id = foreign.id
            self.assertEqual("Far secret" in str(refused.exception), is_named)

    def test_placed_order_is_spent(self):
        budget = self._create_budget(1000)
        self.assertEqual(self._use(budget), (0, 0, 1000))
        self._place(**self.form)
        reserved, spent, left = self._use(budget)
        self.assertEqual((reserved, spent), (0, self.amount))
        self.assertAlmostEqual(left, 1000 - self.amount)

    def test_request_is_reserved_and_then_spent_or_released(self):
        budget = self._create_budget(1000)
        self._create_approval_rule((10, self.anna))
        ends = {
            "approve": ((), self.anna_user, (0, self.amount)),
            "decline": (("No",), self.anna_user, (0, self.amount)),
            "withdraw": ((), self.buyer_user, (0, self.amount)),
        }
        approval = self._request(**self.form)
        self.assertEqual(self._use(budget)[:2], (self.amount, 0))
        for index, (method, (args, user, after)) in enumerate(ends.items()):
            if index:
                approval = self._request(self._new_cart(), **self.form)
                self.assertEqual(self._use(budget)[:2], (self.amount, self.amount))
            getattr(self._as(approval, user), method)(*args)
            self.assertEqual(self._use(budget)[:2], after, method)
        approval = self._request(self._new_cart(), **self.form)
        approval.sudo().with_context(b2b_deciding=DECIDING)._expire()
        self.assertEqual(self._use(budget)[:2], (0, self.amount))

    def test_use_is_told_anew_without_being_asked_to(self):
        """As code reads it that has read it a moment ago."""
        self.product.invoice_policy = "order"
        budget = self._create_budget(1000)
        rule = self._create_approval_rule((10, self.anna))
        used = lambda: (budget.reserved, budget.spent)  # noqa: E731
        self.assertEqual(used(), (0, 0))
        approval = self._request(**self.form).sudo()
        self.assertEqual(used(), (self.amount, 0))
        approval.with_context(b2b_deciding=DECIDING)._decline_as(self.anna, "No")
        self.assertEqual(used(), (0, 0))
        rule.active = False
        order = self._place(self._new_cart(), **self.form).sudo()
        self.assertEqual(used(), (0, self.amount))
        order.order_line.product_uom_qty = 1
        self.assertLess(budget.spent, self.amount)
        order.order_line.product_uom_qty = 2
        order.action_confirm()
        invoice = order._create_invoices()
        invoice.action_post()
        refund = invoice._reverse_moves()
        self.assertEqual(used(), (0, order.amount_untaxed))
        refund.action_post()
        self.assertEqual(used(), (0, 0))
        refund.button_draft()
        self.assertEqual(used(), (0, order.amount_untaxed))
        order._action_cancel()
        self.assertEqual(used(), (0, 0))

    def test_lowered_quantities_reserve_less(self):
        budget = self._create_budget(1000)
        self._create_approval_rule((10, self.anna), (20, self.bob))
        approval = self._request(**self.form)
        line = approval.order_id.order_line
        self._as(approval, self.anna_user).approve(quantities={line.id: 1})
        self.assertAlmostEqual(self._use(budget)[0], self.amount / 2, delta=0.011)

    def test_cancelled_order_is_released(self):
        budget = self._create_budget(1000)
        order = self._place(**self.form)
        self.env["sale.order"].browse(order.id)._action_cancel()
        self.assertEqual(self._use(budget), (0, 0, 1000))

    def test_accepted_quotation_that_waits_is_reserved(self):
        """As `b2b_credit` lets it wait; nothing else may take what is left meanwhile."""
        budget = self._create_budget(1000, policy="block", date_start="2001-01-01")
        offer = self._create_order(
            [(self.product, 2)],
            partner_id=self.buyer_user.partner_id.id,
            cost_center_id=self.center.id,
            state="sent",
            date_order="2000-12-31",  # the day of its acceptance counts
        )
        amount = offer.amount_untaxed
        self.assertEqual(self._use(budget), (0, 0, 1000))
        orders = self.registry["sale.order"]
        self.patch(orders, "_get_b2b_accepted_sql", lambda _self: SQL("sale.id = %s", offer.id))
        offer._note_b2b_acceptance()
        self.assertEqual(self._use(budget), (amount, 0, 1000 - amount))
        budget.amount = amount + self.amount - 0.01
        with self.assertRaisesRegex(UserError, "is exceeded"), self.cr.savepoint():
            self._place(**self.form)
        budget.amount = amount + self.amount
        self._place(**self.form)
        self.assertEqual(self._use(budget)[:2], (amount, self.amount))
        offer.action_confirm()
        reserved, spent, left = self._use(budget)
        self.assertEqual((reserved, left), (0, 0))
        self.assertAlmostEqual(spent, amount + self.amount)

    def test_credit_note_gives_back(self):
        self.product.invoice_policy = "order"
        budget = self._create_budget(1000)
        order = self.env["sale.order"].browse(self._place(**self.form).id)
        order.action_confirm()
        invoice = order._create_invoices()
        self.assertEqual(invoice.cost_center_id, self.center)
        invoice.action_post()
        self.assertEqual(self._use(budget)[:2], (0, self.amount))
        refund = invoice._reverse_moves()
        refund.invoice_line_ids.quantity = 1
        self.assertEqual(self._use(budget)[1], self.amount, "a draft gives nothing back")
        refund.action_post()
        self.assertAlmostEqual(self._use(budget)[1], self.amount / 2, delta=0.011)
        refund.button_draft()
        self.assertEqual(self._use(budget)[1], self.amount)

    def test_copied_invoice_for_another_customer_names_no_center(self):
        self.product.invoice_policy = "order"
        order = self.env["sale.order"].browse(self._place(**self.form).id)
        order.action_confirm()
        copy = order._create_invoices().copy()
        colleague = self.buyer2_user.partner_id
        copy.partner_id = colleague
        self.assertEqual(copy.cost_center_id, self.center, "another contact of the customer")
        copy.partner_id = self.rival
        self.assertFalse(copy.cost_center_id)
        # Whoever pays for the customer from the start pays for its cost centre.
        paid = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.retail_user.partner_id.id,
                "cost_center_id": self.center.id,
            }
        )
        paid.partner_id = self.retail_user.partner_id
        self.assertEqual(paid.cost_center_id, self.center)

    def test_what_is_invoiced_again_is_not_given_back(self):
        self.product.invoice_policy = "order"
        budget = self._create_budget(1000)
        order = self.env["sale.order"].browse(self._place(**self.form).id)
        order.action_confirm()
        wrong = order._create_invoices()
        wrong.action_post()
        wrong._reverse_moves().action_post()
        self.assertEqual(self._use(budget)[1], 0)
        right = order._create_invoices()
        right.action_post()
        self.assertAlmostEqual(self._use(budget)[1], self.amount)
        refund = right._reverse_moves()
        refund.invoice_line_ids.quantity = 1
        refund.action_post()
        self.assertAlmostEqual(self._use(budget)[1], self.amount / 2, delta=0.011)

    def test_credited_down_payment_gives_nothing_back(self):
        self.product.invoice_policy = "order"
        budget = self._create_budget(1000)
        order = self.env["sale.order"].browse(self._place(**self.form).id)
        order.action_confirm()
        self._invoice_down_payment(order, 30)._reverse_moves().action_post()
        self.assertEqual(self._use(budget)[1], self.amount)
        final = order._create_invoices(final=True)
        final.action_post()
        self.assertEqual(self._use(budget)[1], self.amount)
        final._reverse_moves().action_post()
        self.assertEqual(self._use(budget)[1], 0)

    def test_block_refuses_what_is_above_and_lets_exactly_met_pass(self):
        budget = self._create_budget(self.amount - 0.01, policy="block")
        with self.assertRaises(UserError) as caught:
            self._place(**self.form)
        self.assertIn(self.center.display_name, str(caught.exception))
        self.assertEqual(self.cart.b2b_qualifier, "cart")
        budget.amount = self.amount
        self._place(**self.form)
        self.assertEqual(self._use(budget), (0, self.amount, 0))
        with self.assertRaises(UserError):
            self._place(self._new_cart(), **self.form)

    def test_reserved_counts_for_the_next_one(self):
        self._create_budget(self.amount, policy="block")
        self._create_approval_rule((10, self.anna))
        approval = self._request(**self.form)
        with self.assertRaises(UserError):
            self._place(self._new_cart(), **self.form)
        self._as(approval, self.anna_user).approve()
        self.assertEqual(approval.state, "approved", "it is not counted against itself")

    def test_budget_lowered_meanwhile_blocks_the_approval(self):
        budget = self._create_budget(self.amount, policy="block")
        self._create_approval_rule((10, self.anna))
        approval = self._request(**self.form)
        budget.amount = 1
        with self.assertRaises(UserError):
            self._as(approval, self.anna_user).approve()
        self.assertEqual(approval.state, "pending")

    def test_approval_policy_asks_any_approver_or_the_rule(self):
        self._create_budget(1, policy="approval")
        approval = self._request(**self.form)
        self.assertTrue(approval.task_ids.is_for_any)
        self._as(approval, self.bob_user).approve()
        self.assertEqual(approval.state, "approved")
        self._create_approval_rule((10, self.anna), condition="budget")
        approval = self._request(self._new_cart(), **self.form)
        self.assertEqual(approval.task_ids.member_ids, self.anna)

    def test_budget_rule_fits_policy_approval_only(self):
        self._create_approval_rule((10, self.anna), condition="budget")
        self._create_budget(1, policy="warn")
        order = self._place(**self.form)
        self.assertEqual(order.b2b_qualifier, "order")
        self.assertTrue(order._get_b2b_budget_warnings())

    def test_merged_customers_keep_cost_centers_and_budgets(self):
        other = self.env["res.partner"].create({"name": "Buyer Limited", "is_company": True})
        centers = self.env["b2b.cost.center"].create(
            [
                {"partner_id": other.id, "code": code, "name": "Theirs"}
                for code in ("100", "100-2", "300")
            ]
        )
        budget = self._create_budget(70, cost_center_id=centers[0].id)
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.customer | other).ids, self.customer
        )
        self.env.invalidate_all()
        self.assertEqual(centers.exists().mapped("code"), ["100-3", "100-2", "300"])
        self.assertEqual(centers.partner_id, self.customer)
        self.assertEqual(budget.exists().cost_center_id, centers[0])
        self.assertEqual(self.center.code, "100")

    def test_checkout_says_it_before_anything_is_ordered(self):
        """Of each cost centre that can be chosen, and by what becomes of the order then."""
        other = self.center.copy({"code": "200", "name": "Office"})
        budget = self._create_budget(1, policy="warn")
        self._create_budget(self.amount, cost_center_id=other.id, policy="block")
        self._login(self.buyer_user)
        for policy, words in (
            ("warn", "all the same"),
            ("approval", "needs an approval"),
            ("block", "refused"),
        ):
            budget.policy = policy
            self.env.flush_all()
            text = " ".join(self._alerts(self._get("/my/b2b/checkout")))
            self.assertIn("The budget of 100 Workshop is exceeded by", text)
            self.assertIn(words, text)
            self.assertNotIn("Office", text, "exactly met is within")
        self.env.invalidate_all()
        self.assertFalse(budget.lock_count, "a page locks nothing")
        budget.policy = "warn"
        self.env.flush_all()
        _action, form = self._form(self._get("/my/b2b/checkout"), "Place order")
        self._post("/my/b2b/checkout", {**form, "cost_center_id": self.center.id})
        self.env.invalidate_all()
        self.assertEqual(self.cart.b2b_qualifier, "order")

    def test_outlook_counts_what_is_there_in_constant_queries(self):
        self._create_budget(self.amount, policy="warn")
        cart = self._get_cart()
        self.assertFalse(cart._get_b2b_budget_outlook(self.amount))
        self.assertTrue(cart._get_b2b_budget_outlook(self.amount + 0.01))
        self._place(**self.form)
        cart = self._new_cart()
        with self._count_queries() as few:
            self.assertEqual(len(cart._get_b2b_budget_outlook(self.amount)), 1)
        for code in range(5):
            center = self.center.copy({"code": str(code)})
            self._create_budget(1, cost_center_id=center.id)
        self.env.flush_all()
        self.env.invalidate_all()
        with self._count_queries() as many:
            self.assertEqual(len(cart._get_b2b_budget_outlook(self.amount)), 6)
        self.assertNoMoreQueries(few[0], many[0])

    def test_customer_without_budgets_sees_nothing_new(self):
        self._login(self.buyer_user)
        self.assertNotIn("o_b2b_budget_outlook", self._get("/my/b2b/checkout").text)

    def test_approver_sees_that_a_budget_is_exceeded(self):
        self._create_budget(1, policy="warn")
        self._create_approval_rule((10, self.anna))
        approval = self._request(**self.form)
        self._login(self.anna_user)
        text = " ".join(self._alerts(self._get(f"/my/b2b/approvals/{approval.id}")))
        self.assertIn("The budget of 100 Workshop is exceeded by", text)
        mail = self._send_notices()[:1]
        link = re.search(r"/b2b/approve/[\w-]+", mail.body_html)[0]
        self.authenticate(None, None)
        text = " ".join(self._alerts(self._get(link)))
        self.assertIn("The budget of 100 Workshop is exceeded by", text)

    def test_day_of_the_request_chooses_the_period(self):
        first = self._create_budget(1000, date_start="2030-01-01", date_end="2030-01-31")
        second = self._create_budget(1000, date_start="2030-02-01", date_end="2030-02-28")
        self._create_approval_rule((10, self.anna))
        with freeze_time("2030-01-31 12:00:00"):
            self._renew_agreement()
            approval = self._request(**self.form)
        with freeze_time("2030-02-02 12:00:00"):
            self._as(approval, self.anna_user).approve()
        self.assertEqual(self._use(first)[:2], (0, self.amount))
        self.assertEqual(self._use(second)[:2], (0, 0))

    def test_day_of_a_sellers_order_is_one_of_the_seller(self):
        self.company.partner_id.tz = "Europe/Warsaw"
        first = self._create_budget(1000, date_start="2030-01-01", date_end="2030-01-31")
        second = self._create_budget(1000, date_start="2030-02-01", date_end="2030-02-28")
        with freeze_time("2030-01-31 23:30:00"):
            order = self._create_order([(self.product, 1)], cost_center_id=self.center.id)
            self.assertEqual(order._get_b2b_quotation_budgets(), second)
            order.action_confirm()
        self.assertEqual(self._use(first)[1], 0)
        self.assertEqual(self._use(second)[1], order.amount_untaxed)

    def _renew_agreement(self):
        self.agreement.action_terminate()
        self.agreement = self._create_signed_agreement(
            date_start="2030-01-01", date_end="2030-12-31"
        )

    def test_invoices_are_made_for_each_cost_center(self):
        self.product.invoice_policy = "order"
        orders = self.env["sale.order"]
        for form in (self.form, {}):
            order = orders.browse(self._place(self._new_cart_or_first(), **form).id)
            order.action_confirm()
            orders |= order
        invoices = orders._create_invoices()
        self.assertEqual(len(invoices), 2)
        self.assertEqual(invoices.cost_center_id, self.center)

    def _new_cart_or_first(self):
        return self._get_cart() or self._new_cart()

    def test_cost_center_is_printed_and_downloaded(self):
        order = self.env["sale.order"].browse(self._place(**self.form).id)
        report = self.env["ir.actions.report"]
        page = report._render_qweb_html("sale.action_report_saleorder", order.ids)[0].decode()
        self.assertIn(self.center.display_name, page)
        self.product.invoice_policy = "order"
        order.action_confirm()
        invoice = order._create_invoices()
        invoice.action_post()
        page = report._render_qweb_html("account.account_invoices", invoice.ids)[0].decode()
        self.assertIn(self.center.display_name, page)
        self._login(self.buyer_user)
        self.assertIn(self.center.display_name, self._get("/my/b2b/orders.csv").text)
        self.assertIn(self.center.display_name, self._get(f"/my/orders/{order.id}").text)

    def test_table_of_orders_has_no_new_column_without_cost_centers(self):
        orders = self.env["sale.order"].browse(self._place().id)
        self.assertNotIn("Cost centre", orders._get_b2b_export_table(orders)[0])

    def test_orders_of_a_period_have_an_index(self):
        budget = self._create_budget(10)
        order = self._place()
        self.env.flush_all()
        # Of a few orders PostgreSQL reads all, by whatever index.
        self.env.cr.execute(
            """
            INSERT INTO sale_order
            SELECT many.*
              FROM sale_order one, generate_series(1, 3000) AS number,
                   jsonb_populate_record(one, jsonb_build_object(
                       'id', nextval('sale_order_id_seq'), 'access_token', NULL,
                       'order_tracking_token', NULL,
                       'date_order', one.date_order - number * interval '1 day'
                   )) AS many
             WHERE one.id = %s
            """,
            [order.id],
        )
        self.env.cr.execute("ANALYZE sale_order")
        # The condition on the day is one of the index, and not asked of each order.
        query = SQL(
            "EXPLAIN SELECT 1 FROM b2b_budget budget JOIN LATERAL (%s) used ON TRUE"
            " WHERE budget.id = %s",
            budget._get_used_sql(),
            budget.id,
        )
        plan = "\n".join(row for (row,) in self.env.execute_query(query))
        self.assertRegex(
            plan, r"sale_order_b2b_cost_center_day_idx[\s\S]*?Index Cond:.*COALESCE.*>="
        )

    def test_uses_are_read_in_constant_queries(self):
        budgets = self._create_budget(10)
        self._place(**self.form)
        budgets.mapped("left")
        with self._count_queries() as few:
            budgets.mapped("left")
        for _number in range(5):
            budgets |= self._create_budget(10)
        with self._count_queries() as many:
            budgets.mapped("left")
        self.assertNoMoreQueries(few[0], many[0])
