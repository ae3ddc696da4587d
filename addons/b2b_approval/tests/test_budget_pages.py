from datetime import date, timedelta

from odoo.tests import tagged

from .common import ApprovalCommon

URL = "/my/b2b/cost-centers"


@tagged("post_install", "-at_install")
class TestBudgetPages(ApprovalCommon):
    """Which budgets administrators see."""

    def test_old_budgets_are_behind_a_link(self):
        today = date.today()
        self._create_budget(10, date_start="2001-01-01", date_end=today - timedelta(days=350))
        self._login(self.admin_user)
        self.assertNotIn("more than a year ago", self._get(URL).text)
        old = self._create_budget(7777, date_start="2001-01-01", date_end="2001-12-31")
        self.env.flush_all()
        page = self._page(self._get(URL))
        self.assertEqual(len(page.xpath("//input[@name='budget_id']")), 1)
        link = page.xpath("//a[contains(., 'more than a year ago')]")[0]
        page = self._page(self._get(link.get("href")))
        shown = page.xpath("//input[@name='budget_id']/@value")
        self.assertEqual(len(shown), 2)
        self.assertIn(str(old.id), shown)
        self.assertFalse(page.xpath("//a[contains(., 'more than a year ago')]"))

    def test_uses_are_read_of_the_budgets_that_are_shown(self):
        self._login(self.admin_user)
        shown = self._create_budget(10)
        asked, counts = [], []
        Budget = type(shown)
        get_uses = Budget._get_uses

        def remember(budgets, *args, **kwargs):
            asked.append(budgets.ids)
            return get_uses(budgets, *args, **kwargs)

        self.patch(Budget, "_get_uses", remember)
        for size in (1, 10):
            for year in range(size):
                self._create_budget(1, date_start=f"{2001 + year}-01-01", date_end="2015-12-31")
            self.env.flush_all()
            self._get(URL)
            asked.clear()
            with self._count_queries() as count:
                self._get(URL)
            counts += count
            self.assertEqual(asked, [shown.ids])
        self.assertNoMoreQueries(*counts)

    def test_outlook_is_renewed_with_the_amounts(self):
        self._create_budget(1, policy="warn")
        self._login(self.buyer_user)
        page = self._page(self._get("/my/b2b/checkout"))
        (said,) = page.xpath("//div[contains(@class, 'o_b2b_notices')]/div[@role='alert']")
        self.assertIn("The budget of 100 Workshop is exceeded by", said.text_content())

    def test_budget_that_would_refuse_promises_nothing(self):
        cart = self._get_cart()
        budget = self._create_budget(1, policy="warn")
        for policy, is_refused in (("warn", False), ("approval", False), ("block", True)):
            budget.policy = policy
            self.assertEqual(cart._may_b2b_checkout_refuse(), is_refused, policy)
        budget.amount = 1000000
        self.assertFalse(cart._may_b2b_checkout_refuse())

    # === WHAT WAS TYPED === #

    def _get_typed(self, response, path):
        """Return the fields of a form that has no id of its own."""
        (node,) = self._page(response).xpath(path)
        form = dict(node.form_values())
        form.pop("csrf_token")
        return form

    def test_refused_cost_centre_keeps_what_was_typed(self):
        self._login(self.admin_user)
        center = self._create_budget(10).cost_center_id
        typed = {"code": center.code, "name": "Another one"}
        answer = self._post(f"{URL}/new", typed)
        self.assertIn("with that code already", self._alerts(answer)[0])
        self.assertEqual(self._get_typed(answer, f"//form[@action='{URL}/new']"), typed)

    def test_refused_budget_keeps_what_was_typed(self):
        self._login(self.admin_user)
        budget = self._create_budget(10)
        other = self._create_budget(20, date_start="2001-01-01", date_end=date.today())
        url = f"{URL}/{budget.cost_center_id.id}/budget"
        typed = {
            "date_start": "2031-01-01",
            "date_end": "2031-12-31",
            "amount": "1.000,00.0",
            "policy": "block",
        }
        answer = self._post(url, typed)
        self.assertIn("1.000,00.0", self._alerts(answer)[0])
        self.assertEqual(self._get_typed(answer, f"//details[@open]/form[@action='{url}']"), typed)
        answer = self._post(url, {**typed, "budget_id": budget.id})
        self.assertFalse(self._page(answer).xpath("//details[@open]"))
        path = "//form[input[@name='budget_id'][@value='{}']]"
        self.assertLessEqual(typed.items(), self._get_typed(answer, path.format(budget.id)).items())
        shown = self._get_typed(answer, path.format(other.id))
        self.assertEqual(shown["date_start"], "2001-01-01")

    def test_budget_that_changed_meanwhile_is_shown_as_it_is(self):
        self._login(self.admin_user)
        budget = self._create_budget(10, policy="warn")
        url = f"{URL}/{budget.cost_center_id.id}/budget"
        path = f"//form[input[@name='budget_id'][@value='{budget.id}']]"
        typed = {**self._get_typed(self._get(URL), path), "policy": "block"}
        budget.amount = 15
        self.env.flush_all()
        for wrong in ({}, {"amount": "x"}):
            answer = self._post(url, {**typed, **wrong})
            self.assertIn("changed meanwhile", self._alerts(answer)[0])
            self.assertEqual(self._get_typed(answer, path)["policy"], "warn")
