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
