import re

from odoo.tests import tagged

from .budgets import BudgetCommon
from .common import ApprovalCommon

PAGE = "/my/b2b/approvals"


class FormCommon(ApprovalCommon):
    """A request for ten bolts: from ten on they cost less."""

    def setUp(self):
        super().setUp()
        self._create_approval_rule((10, self.anna))
        self.cart.order_line.product_uom_qty = 10
        self.approval = self._request().sudo()
        self.line = self.approval.order_id.order_line
        self.field = f"qty_{self.line.id}"
        mail = self._send_notices()
        self.link = re.search(r"/b2b/approve/[\w-]+", mail.body_html)[0]
        self.own = f"{PAGE}/{self.approval.id}"
        order = self.approval.order_id
        self.whole = f"{order._get_b2b_today()['untaxed']:.2f}"
        self.half = f"{order._get_b2b_today({self.line: 5})['untaxed']:.2f}"

    def _open(self, url):
        """Look at a page of the request as its approver."""
        if url == self.link:
            self.authenticate(None, None)
        else:
            self._login(self.anna_user)
        return self._get(url)

    def _press(self, page, url, decision, **form):
        """Send a page's form by one of its buttons, with what was typed."""
        button = {"cart": "Put into the cart again"}.get(decision, "Approve")
        fields = self._form(page, button)[1]
        answer = self._post(url, {**fields, **form, "decision": decision})
        self.env.invalidate_all()
        return answer


@tagged("post_install", "-at_install")
class TestDecisionForm(FormCommon):
    """What was typed is what is decided on, also when the first try was refused."""

    def test_lowered_quantity_stays_when_the_approval_is_refused(self):
        for url in (self.link, self.own):
            with self.subTest(url), self.env.cr.savepoint() as savepoint:
                page = self._open(url)
                form = {self.field: "5", "comment": "Five will do"}
                answer = self._press(page, url, "approve", **form)
                self.assertIn("for the lower quantity", " ".join(self._alerts(answer)))
                self.assertEqual(self.approval.state, "pending")
                self._press(answer, url, "approve", accept_changes="1")
                self.assertEqual(self.approval.state, "approved")
                self.assertEqual(self.line.product_uom_qty, 5)
                self.assertEqual(self.approval.decision_ids.comment, "Five will do")
                savepoint.rollback()
                self.env.invalidate_all()

    def test_agreeing_covers_the_quantities_that_were_shown(self):
        for url in (self.link, self.own):
            with self.subTest(url), self.env.cr.savepoint() as savepoint:
                answer = self._press(self._open(url), url, "show", **{self.field: "5"})
                form = {self.field: "1", "accept_changes": "1"}
                answer = self._press(answer, url, "approve", **form)
                self.assertIn("for the lower quantity", " ".join(self._alerts(answer)))
                self.assertEqual((self.approval.state, self.line.product_uom_qty), ("pending", 10))
                self._press(answer, url, "approve", accept_changes="1")
                self.assertEqual((self.approval.state, self.line.product_uom_qty), ("approved", 1))
                savepoint.rollback()
                self.env.invalidate_all()

    def test_amounts_are_shown_before_anything_is_decided(self):
        for url in (self.link, self.own):
            with self.subTest(url):
                page = self._open(url)
                self.assertIn(self.whole, page.text)
                answer = self._press(page, url, "show", **{self.field: "5"}, comment="Hm")
                self.assertIn(self.half, answer.text)
                self.assertNotIn(self.whole, answer.text)
                self.assertIn("for the lower quantity", " ".join(self._alerts(answer)))
                form = self._form(answer, "Approve")[1]
                self.assertEqual((form[self.field], form["comment"]), ("5", "Hm"))
                self.assertTrue(self._page(answer).xpath("//input[@name='accept_changes']"))
                self.assertEqual((self.approval.state, self.line.product_uom_qty), ("pending", 10))
                self.assertFalse(self.approval.decision_ids)
                self.assertFalse(self.approval.problem)

    def test_line_that_is_taken_out_costs_nothing_and_no_break(self):
        answer = self._press(self._open(self.own), self.own, "show", **{self.field: "0"})
        self.assertNotIn("lower quantity", answer.text)
        self.assertNotIn(self.whole, answer.text)

    def test_enter_in_a_quantity_decides_nothing(self):
        for url in (self.link, self.own):
            with self.subTest(url):
                form = self._page(self._open(url)).xpath("//form[.//input[@name='seen']]")[0]
                buttons = form.xpath(".//button[@type='submit']")
                self.assertEqual(buttons[0].get("value"), "show")

    def test_what_cannot_be_asked_for_is_told_and_stays(self):
        for url in (self.link, self.own):
            for typed, words in (("x", "number"), ("11", "not raised")):
                with self.subTest(url, typed=typed):
                    answer = self._press(self._open(url), url, "show", **{self.field: typed})
                    self.assertIn(words, " ".join(self._alerts(answer)))
                    self.assertEqual(self._form(answer, "Approve")[1][self.field], typed)
                    self.assertIn(self.whole, answer.text)

    def test_comment_stays_when_a_refusal_needs_one(self):
        answer = self._press(self._open(self.own), self.own, "decline", **{self.field: "5"})
        self.assertTrue(self._alerts(answer))
        self.assertEqual(self._form(answer, "Approve")[1][self.field], "5")

    def test_only_who_decides_is_shown_other_amounts(self):
        self._login(self.buyer_user)
        answer = self._post(self.own, {"decision": "show", self.field: "5"})
        self.assertIn(self.whole, answer.text)
        self.anna.may_approve = False
        self.env.flush_all()
        self.authenticate(None, None)
        for typed in ("5", "x"):
            answer = self._post(self.link, {"decision": "show", self.field: typed})
            self.assertNotIn(self.product.name, answer.text)

    def test_page_of_the_link_passes_its_address_on_to_nobody(self):
        """Sites put analytics and code of their own into the frame of their pages."""
        for html in (self._open(self.link).text, self._post(self.link, {}).text):
            self.assertNotIn("<script", html)
            self.assertIn("/web/assets/", html, "with the styles of the site")
            self.assertIn("no-referrer", html)
        self.assertNotIn("<script", self._get("/b2b/approve/none").text)
        # A template that begins as a document does is not translated.
        view = self.env.ref("b2b_approval.b2b_approval_link")
        terms = view._fields["arch_db"].get_trans_terms(view.arch_db)
        self.assertIn("Request for approval", terms)

    def test_amounts_have_labels_on_phones(self):
        for url in (self.own, PAGE):
            page = self._page(self._open(url))
            for name in ("price", "amount"):
                for cell in page.xpath(f"//td[contains(@class, 'o_b2b_cell_{name}')]"):
                    self.assertTrue(cell.get("title"), url)

    def test_put_into_the_cart_twice_is_put_there_once(self):
        self._as(self.approval, self.anna_user).decline("Not now")
        self._login(self.buyer_user)
        page = self._get(self.own)
        for _click in range(2):
            answer = self._press(page, self.own, "cart")
            self.assertEqual(self._get_cart().order_line.product_uom_qty, 10)
        self.assertIn("in your cart already", self._alerts(answer)[0])
        self._press(self._get(self.own), self.own, "cart")
        self.assertEqual(self._get_cart().order_line.product_uom_qty, 20, "asked for anew")


@tagged("post_install", "-at_install")
class TestDecisionBudget(BudgetCommon):
    def test_budget_of_the_amounts_that_are_shown(self):
        self._create_budget(self.amount - 1)
        self._create_approval_rule((10, self.anna))
        approval = self._request(**self.form)
        name = f"qty_{approval.sudo().order_id.order_line.id}"
        self._login(self.anna_user)
        url = f"{PAGE}/{approval.id}"
        self.assertIn("exceeded by", self._get(url).text)
        text = self._post(url, {"decision": "show", name: "1"}).text
        self.assertNotIn("exceeded by", text)
        self.assertIn(f"{self.amount - 1 - 99.42:.2f}", text)
