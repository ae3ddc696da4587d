from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from odoo.addons.mail_delivery_retry.tests.common import WholeTables

from .common import ApprovalCommon

PAGE = "/my/b2b/approvals"


@tagged("post_install", "-at_install")
class TestPages(WholeTables, ApprovalCommon):
    def test_buyer_requests_by_the_checkout_and_follows(self):
        self._create_approval_rule((10, self.anna))
        self._login(self.buyer_user)
        _action, form = self._form(self._get("/my/b2b/checkout"), "Place order")
        self.assertIn("cost_center_id", form)
        form["cost_center_id"] = str(self.center.id)
        answer = self._post("/my/b2b/checkout", form)
        approval = self.cart._get_b2b_approval()
        self.assertIn(f"{PAGE}/{approval.id}", answer.url)
        self.assertIn("waits for an approval", self._alerts(answer)[0])
        self.assertIn(self.anna_user.name, answer.text, "who is asked")
        self.assertEqual(self.cart.cost_center_id, self.center)
        again = self._post("/my/b2b/checkout", form)
        self.assertIn(f"{PAGE}/{approval.id}", again.url, "a second click leads there")
        made = self.env["b2b.approval"].search([("customer_id", "=", self.customer.id)])
        self.assertEqual(len(made), 1)
        self.assertNotIn(f"{PAGE}/{approval.id}", self._get("/my/orders").text)
        self.assertIn(f"{PAGE}/{approval.id}", self._get(PAGE).text)
        self.assertIn(PAGE, self._get("/my/b2b").text, "in the navigation")

    def test_empty_list_says_what_it_would_show(self):
        self._login(self.anna_user)
        for filterby, words in (
            ("waiting", "waits for your decision"),
            ("mine", "None of your orders"),
            ("all", "No order needed an approval yet"),
        ):
            told = self._alerts(self._get(f"{PAGE}?filterby={filterby}"))
            self.assertIn(words, " ".join(told))

    def test_page_of_a_request_warns_of_a_budget_once(self):
        self._create_budget(1, policy="approval")
        self._login(self.buyer_user)
        _action, form = self._form(self._get("/my/b2b/checkout"), "Place order")
        answer = self._post("/my/b2b/checkout", {**form, "cost_center_id": self.center.id})
        self.assertIn(PAGE, answer.url)
        warned = [text for text in self._alerts(answer) if "is exceeded by" in text]
        self.assertEqual(len(warned), 1)

    def test_quantity_in_which_nothing_is_to_be_seen_is_none(self):
        self._create_approval_rule((10, self.anna))
        self.cart.order_line.copy({"order_id": self.cart.id, "product_id": self.product_b.id})
        approval = self._request().sudo()
        line, kept = approval.order_id.order_line
        self._login(self.anna_user)
        self._decide_on_page(
            approval, "approve", **{f"qty_{line.id}": "\u200b", "accept_changes": "1"}
        )
        self.assertEqual(approval.state, "approved")
        self.assertFalse(approval.order_id.order_line - kept, "taken out, as by an empty field")

    def test_navigation_is_as_before_for_whoever_has_nothing_to_do_with_it(self):
        self._login(self.buyer_user)
        self.assertNotIn(PAGE, self._get("/my/b2b").text)

    def test_approver_sees_what_a_decision_needs(self):
        self._place(self._get_cart())  # the last order of this buyer
        self.product.list_price = 121.517  # 10 percent more
        self._create_budget(1000)
        self._create_approval_rule((10, self.anna))
        approval = self._request(
            self._new_cart(),
            cost_center_id=str(self.center.id),
            client_order_ref="PO-9",
            b2b_note="For the fair",
        )
        self._login(self.anna_user)
        text = self._get(f"{PAGE}/{approval.id}").text
        for part in ("PO-9", "For the fair", self.center.display_name, "Budget left", "10"):
            self.assertIn(part, text)
        self.assertIn("last time", text)
        self.assertIn(f"{PAGE}/{approval.id}", self._get(f"{PAGE}?filterby=waiting").text)
        told = self._decide_on_page(approval, "approve", comment="Fine")
        self.assertIn("approved", told[0])
        self.assertEqual(approval.state, "approved")

    def test_decided_request_shows_what_was_ordered(self):
        rule = self._create_approval_rule((10, self.anna))
        approval = self._request()
        self._as(approval, self.anna_user).approve()
        rule.active = False
        self.product.list_price = 500
        self._place(self._new_cart())  # a later order is no earlier one
        for user in (self.anna_user, self.buyer_user):
            self._login(user)
            text = self._get(f"{PAGE}/{approval.id}").text
            self.assertIn("198.85", text)
            self.assertIn("99.42", text)
            for part in ("900.00", "450.00", "last time", "first time"):
                self.assertNotIn(part, text)

    def test_price_of_the_last_order_is_one_of_a_unit(self):
        """Not an amount, rounded, by its quantity; and no offer that was not ordered."""
        self.env.ref("product.decimal_price").digits = 4
        self._create_rule(
            applied_on="0_product_variant",
            product_id=self.product.id,
            compute_price="fixed",
            fixed_price=0.125,
        )
        self.cart.order_line.product_uom_qty = 1
        self.assertEqual(self._place().amount_untaxed, 0.13)
        offer = self._create_order([(self.product, 1)], partner_id=self.buyer_user.partner_id.id)
        offer.order_line.price_unit = 99
        offer.action_quotation_sent()
        self._create_approval_rule((10, self.anna))
        order = self._request(self._new_cart(100)).sudo().order_id
        line = order.order_line
        history = order._get_b2b_price_history(order._get_b2b_today())
        self.assertEqual(history, {line.id: (0.125, 0.0)})

    def test_approver_declines_and_the_buyer_puts_it_into_the_cart_again(self):
        self._create_approval_rule((10, self.anna))
        approval = self._request()
        self._login(self.anna_user)
        self._decide_on_page(approval, "decline")
        self.assertEqual(approval.state, "pending")
        self._decide_on_page(approval, "decline", comment="Not now")
        self.assertEqual(approval.state, "declined")
        self._login(self.buyer_user)
        page = self._get(f"{PAGE}/{approval.id}").text
        self.assertIn("Not now", page)
        self._decide_on_page(approval, "cart")
        cart = self._get_cart()
        self.assertEqual(cart.order_line.product_id, self.product)
        self.assertEqual(cart.order_line.product_uom_qty, 2)
        self.assertTrue(approval.order_id.order_line, "the request stays")

    def test_buyer_withdraws(self):
        self._create_approval_rule((10, self.anna))
        approval = self._request()
        self._login(self.buyer_user)
        self._decide_on_page(approval, "approve")
        self._decide_on_page(approval, "cart")
        self.assertEqual(approval.state, "pending")
        self._decide_on_page(approval, "withdraw")
        self.assertEqual(approval.state, "withdrawn")

    def test_administrator_withdraws(self):
        self._create_approval_rule((10, self.anna))
        approval = self._request()
        for user, offered in (
            (self.buyer_user, True),
            (self.anna_user, False),
            (self.admin_user, True),
        ):
            self._login(user)
            page = self._get(f"{PAGE}/{approval.id}").text
            self.assertEqual('value="withdraw"' in page, offered, user.login)
        self._decide_on_page(approval, "withdraw")
        self.assertEqual(approval.state, "withdrawn")

    def test_reason_of_a_failed_approval_is_kept_for_both(self):
        self._create_approval_rule((10, self.anna))
        approval = self._request()
        self.agreement.minimum_order_amount = 1e6
        self._login(self.anna_user)
        told = self._decide_on_page(approval, "approve")
        self.assertIn("minimum", told[0])
        self.assertEqual(approval.state, "pending")
        self._login(self.buyer_user)
        self.assertIn("minimum", self._get(f"{PAGE}/{approval.id}").text)

    def test_slip_of_the_approver_is_no_reason(self):
        self._create_approval_rule((10, self.anna))
        approval = self._request()
        line = approval.sudo().order_id.order_line
        self._login(self.anna_user)
        answer = self._post(f"{PAGE}/{approval.id}", {"decision": "approve", f"qty_{line.id}": "x"})
        self.assertIn("accept_changes", answer.text, "what lower quantities cost is agreed to")
        self.env.invalidate_all()
        self.assertFalse(approval.sudo().problem, "a number that is none")
        self.product.list_price = 500
        self.assertIn("Something changed", self._decide_on_page(approval, "approve")[0])
        self.assertFalse(approval.sudo().problem, "a box that was not ticked")

    def test_reason_is_gone_when_the_next_one_is_asked(self):
        self._create_approval_rule((10, self.anna), (20, self.bob))
        approval = self._request()
        self.bob_user.active = False
        self.administrator.is_administrator = False
        late = self._create_approval_rule((15, self.member))
        self._login(self.anna_user)
        self.assertIn("nobody of", self._decide_on_page(approval, "approve")[0])
        self.assertIn("nobody of", approval.sudo().problem)
        late.active = False
        self.bob_user.active = True
        self._decide_on_page(approval, "approve")
        self.assertEqual((approval.sudo().state, approval.sudo().step), ("pending", 20))
        self.assertFalse(approval.sudo().problem, "settled")

    def test_administrator_sees_all_and_others_only_theirs(self):
        self._create_approval_rule((10, self.anna))
        approval = self._request()
        url = f"{PAGE}/{approval.id}"
        for user, sees in (
            (self.admin_user, True),
            (self.anna_user, True),
            (self.buyer_user, True),
            (self.bob_user, False),
            (self.buyer2_user, False),
            (self.rival_user, False),
            (self.retail_user, False),
        ):
            self._login(user)
            self.assertEqual(self.product.name in self._get(url).text, sees, user.login)
            self.assertEqual(url in self._get(PAGE).text, sees, user.login)

    def test_unknown_filters_pages_and_ids(self):
        self._login(self.anna_user)
        for url in (
            f"{PAGE}?filterby=x",
            f"{PAGE}/page/99",
            f"{PAGE}/999999",
            f"{PAGE}?page=-1",
        ):
            self.assertEqual(self._get(url).status_code, 200, url)

    def test_approver_says_when_he_is_away(self):
        today = fields.Date.today()
        self._login(self.anna_user)
        # A colleague by his name, without that of the company before it.
        self.assertIn(f">{self.bob.partner_id.name}</option>", self._get(PAGE).text)
        form = {
            "away_from": today.isoformat(),
            "away_until": (today + timedelta(days=3)).isoformat(),
            "deputy_id": self.bob.id,
        }
        self._post(f"{PAGE}/away", form)
        self.env.invalidate_all()
        self.assertEqual((self.anna.deputy_id, self.anna.away_from), (self.bob, today))
        for bad in (
            {**form, "away_from": "soon"},
            {**form, "away_until": form["away_until"] + "9"},
            {**form, "away_until": "2000-01-01"},
        ):
            answer = self._post(f"{PAGE}/away", bad)
            self.assertTrue(self._alerts(answer))
        self._post(f"{PAGE}/away", {**form, "deputy_id": self.rival_admin.id})
        self.env.invalidate_all()
        self.assertFalse(self.anna.deputy_id)
        self._login(self.buyer_user)
        self._post(f"{PAGE}/away", {**form, "deputy_id": self.bob.id})
        self.env.invalidate_all()
        self.assertFalse(self.member.deputy_id, "approvers only")

    def test_rows_of_the_list_are_whole(self):
        """Also of requests without a PO number."""
        self._create_approval_rule((10, self.anna))
        self.assertFalse(self._request().order_id.client_order_ref)
        self._login(self.anna_user)
        self.assertTablesAreWhole(self._get(PAGE).text)

    def test_list_takes_no_more_queries_for_more_requests(self):
        self._create_approval_rule((10, self.anna))
        self._request()
        self._login(self.anna_user)
        self._get(PAGE)
        with self._count_queries() as few:
            self._get(PAGE)
        for _number in range(6):
            self._request(self._new_cart())
        self._get(PAGE)
        with self._count_queries() as many:
            self._get(PAGE)
        self.assertNoMoreQueries(few[0], many[0])

    def test_page_takes_no_more_queries_for_more_lines(self):
        """With earlier orders of each article, and changed prices."""
        self._create_approval_rule((10, self.anna))
        self._login(self.anna_user)
        counts = []
        for size in (3, 15):
            products = self.env["product.product"].create(
                [{"name": f"P{index}", "list_price": 10} for index in range(size)]
            )
            wanted = [(product, 1, product.uom_id) for product in products]
            for _time in range(2):
                cart = self._get_cart(create=True)
                cart.order_line.unlink()
                cart._add_b2b_lines(wanted)
                approval = self._request(cart)
                self._as(approval, self.anna_user).approve()
            cart = self._get_cart(create=True)
            cart.order_line.unlink()
            cart._add_b2b_lines(wanted)
            url = f"{PAGE}/{self._request(cart).id}"
            products.list_price = 20
            self.assertEqual(self._get(url).text.count("last time"), size)
            with self._count_queries() as queries:
                text = self._get(url).text
            self.assertIn("before,", text)
            counts += queries
        self.assertNoMoreQueries(*counts)


@tagged("post_install", "-at_install")
class TestCostCenterPages(ApprovalCommon):
    URL = "/my/b2b/cost-centers"

    def _act(self, path, **form):
        answer = self._post(f"{self.URL}{path}", form)
        self.env.invalidate_all()
        return self._alerts(answer)

    def test_administrator_keeps_cost_centers_and_budgets(self):
        self._login(self.admin_user)
        self._act("/new", code="200", name="Office")
        center = self.env["b2b.cost.center"].search([("code", "=", "200")])
        self.assertEqual(center.partner_id, self.customer)
        budget = {
            "date_start": "2030-01-01",
            "date_end": "2030-12-31",
            "amount": "1234,50",
            "policy": "block",
        }
        self._act(f"/{center.id}/budget", **budget)
        self.assertEqual((center.budget_ids.amount, center.budget_ids.policy), (1234.5, "block"))
        self._act(
            f"/{center.id}/budget", **{**budget, "amount": "10", "budget_id": center.budget_ids.id}
        )
        self.assertEqual(center.budget_ids.amount, 10)
        self._act(f"/{center.id}", name="Offices")
        self.assertEqual(center.name, "Offices")
        self.assertIn("Offices", self._get(self.URL).text)
        self._act(f"/{center.id}", archive="1")
        self.assertFalse(center.active)

    def test_button_pressed_twice_does_the_same_twice(self):
        self._login(self.admin_user)
        for caption, active in (("Take out of use", False), ("Use again", True)):
            page = self._page(self._get(self.URL))
            button = page.xpath(f"//button[normalize-space()='{caption}']")[0]
            for _time in range(2):
                self._act(f"/{self.center.id}", archive=button.get("value"))
                self.assertEqual(self.center.active, active, caption)

    def test_budget_that_changed_meanwhile_is_looked_at_again(self):
        budget = self._create_budget(1000)
        self._login(self.admin_user)
        form = self._form(self._get(self.URL), "Save")[1]
        budget.amount = 5000  # another administrator
        self.env.flush_all()
        alerts = self._act(f"/{self.center.id}/budget", **{**form, "policy": "block"})
        self.assertIn("Workshop has changed meanwhile", alerts[0])
        self.assertEqual((budget.amount, budget.policy), (5000, "warn"))
        form = self._form(self._get(self.URL), "Save")[1]
        self._act(f"/{self.center.id}/budget", **{**form, "policy": "block"})
        self.assertEqual((budget.amount, budget.policy), (5000, "block"))

    def test_login_at_a_button_leads_to_the_page(self):
        self._login(self.admin_user)
        center = f"{self.URL}/{self.center.id}"
        for button, page in (
            (f"{self.URL}/new", self.URL),
            (center, self.URL),
            (f"{center}/budget", self.URL),
            (f"{PAGE}/away", PAGE),
        ):
            with self.subTest(button=button):
                answer = self._get(button)
                self.assertTrue(answer.url.endswith(page), answer.url)
                self.assertIn("nothing was changed", self._alerts(answer)[0])

    def test_bad_input_is_told(self):
        self._login(self.admin_user)
        budgets = self.env["b2b.budget"].search_count([])
        good = {
            "date_start": "2030-01-01",
            "date_end": "2030-12-31",
            "amount": "10",
            "policy": "warn",
        }
        for bad in (
            {"date_start": "x"},
            {"date_start": "2030-01-011"},
            {"date_end": "2030-12-31 or later"},
            {"date_start": "0001-01-01"},
            {"amount": ""},
            {"amount": " "},
            {"date_end": "2029-01-01"},
            {"amount": "many"},
            {"amount": "-5"},
            {"policy": "root"},
            {"budget_id": "99999"},
        ):
            self.assertTrue(self._act(f"/{self.center.id}/budget", **{**good, **bad}), bad)
        self.assertEqual(self.env["b2b.budget"].search_count([]), budgets)
        for path, form in (
            ("/new", {"code": "100", "name": "Twice"}),
            ("/new", {"code": "", "name": "x"}),
            (f"/{self.center.id}", {"name": " "}),
            ("/999999", {"name": "x"}),
        ):
            self.assertTrue(self._act(path, **form), path)

    def test_others_change_nothing(self):
        for user in (self.anna_user, self.buyer_user, self.rival_user, self.retail_user):
            self._login(user)
            self._act(f"/{self.center.id}", name="Hacked")
            self._act(
                f"/{self.center.id}/budget",
                date_start="2030-01-01",
                date_end="2030-12-31",
                amount="1",
                policy="warn",
            )
            self.assertEqual(self.center.name, "Workshop")
            self.assertFalse(self.center.budget_ids)
            self.assertNotIn("Workshop", self._get(self.URL).text)
