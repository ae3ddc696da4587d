from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.b2b_account.rights import ORDER

from .common import AccountCommon


@tagged("post_install", "-at_install")
class TestMembers(AccountCommon):
    """The record of a colleague, and what counts without one."""

    def test_defaults_are_those_of_the_contract(self):
        member = self.member
        self.assertEqual(member.company_partner_id, self.customer)
        self.assertTrue(member.may_order and member.may_see_finance)
        self.assertFalse(member.may_approve or member.is_administrator or member.order_limit)

    def test_contact_has_one_record(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.cr.savepoint():
            self._create_member(self.buyer_user)

    def test_contact_without_record_has_the_default_of_the_company(self):
        partner = self.buyer2_user.partner_id
        self.assertEqual(partner._get_b2b_rights(), {"order", "see_finance"})
        self.customer.b2b_default_rights = "look"
        self.assertFalse(partner._get_b2b_rights())
        self.assertTrue(self.buyer_user.partner_id._b2b_may("order"), "a record counts")
        self.customer.b2b_default_rights = False
        self.assertTrue(partner._b2b_may("order"), "nothing set is the default")

    def test_default_of_a_contact_does_not_count(self):
        self.buyer2_user.partner_id.b2b_default_rights = "look"
        self.assertTrue(self.buyer2_user.partner_id._b2b_may("order"))

    def test_archived_record_gives_no_right(self):
        self.member.active = False
        self.assertFalse(self.buyer_user.partner_id._get_b2b_rights())

    def test_rights_follow_each_change_at_once(self):
        partner = self.buyer2_user.partner_id
        self.assertFalse(partner._get_b2b_member())
        self.assertTrue(partner._b2b_may(ORDER))
        member = self._create_member(self.buyer2_user, may_order=False)
        self.assertEqual(partner._get_b2b_member(), member)
        self.assertFalse(partner._b2b_may(ORDER))
        member.may_order = True
        self.assertTrue(partner._b2b_may(ORDER))
        partner.parent_id = self.rival
        self.assertFalse(partner._get_b2b_member())
        partner.parent_id = self.customer
        self.assertFalse(partner._b2b_may(ORDER), "he has left once")
        member.active = True
        self.assertTrue(partner._b2b_may(ORDER))
        member.unlink()
        self.assertFalse(partner._get_b2b_member())

    def test_seller_sees_whose_access_was_taken_away(self):
        """And gives it back, in the list of the customer's form."""
        self.member.active = False
        customer = self.customer.with_user(self.seller_user)
        (read,) = customer.web_read({"b2b_member_ids": {"fields": {"active": {}}}})
        self.assertIn({"id": self.member.id, "active": False}, read["b2b_member_ids"])
        self.customer.b2b_member_ids.filtered(lambda one: not one.active).active = True
        self.assertTrue(self.member.active)

    def test_record_searches_no_archived_colleagues(self):
        """What is asked by it later looks at colleagues of today only."""
        self.administrator.active = False
        found = self.buyer_user.partner_id._get_b2b_member()
        self.assertEqual(found.search([("company_partner_id", "=", self.customer.id)]), found)

    def test_rights_take_no_more_queries_for_more_colleagues(self):
        partners = self.customer.child_ids.with_context(active_test=False)
        self.assertGreater(len(partners), 2)
        partners.commercial_partner_id.mapped("b2b_default_rights")
        self.env["b2b.member"].flush_model()
        partners.invalidate_recordset(["b2b_own_member_id"])
        with self.assertQueryCount(1):
            for partner in partners:
                partner._get_b2b_rights()

    def test_rights_end_with_the_company(self):
        self.administrator.may_approve = True
        partner = self.admin_user.partner_id
        partner.parent_id = self.rival
        self.assertFalse(self.administrator.active)
        self.assertEqual(self.administrator.company_partner_id, self.customer)
        self.assertEqual(partner._get_b2b_rights(), {"order", "see_finance"}, "the new default")
        member = self._create_member(self.admin_user, may_order=False)
        self.assertEqual(member.company_partner_id, self.rival)
        self.assertFalse(partner._b2b_may("order"))

    def test_merged_contacts_keep_the_rights_of_the_remaining_one(self):
        self._create_member(self.buyer2_user, may_order=False)
        other = self.env["res.partner"].create({"name": "Twin", "parent_id": self.customer.id})
        twin = self.env["b2b.member"].create({"partner_id": other.id, "may_approve": True})
        partner = self.buyer2_user.partner_id
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((other | partner).ids, partner)
        self.assertFalse(twin.active)
        self.assertEqual(partner._get_b2b_rights(), {"see_finance"})

    def _merge(self, partners, kept):
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge(partners.ids, kept)
        self.env.invalidate_all()

    def test_contact_merged_into_another_company_leaves_the_rights_behind(self):
        """A record of the former company must not stand in the way of the new one's."""
        member = self._create_member(self.buyer2_user, may_approve=True)
        other = self.env["res.partner"].create({"name": "Twin", "parent_id": self.rival.id})
        self._merge(self.buyer2_user.partner_id | other, other)
        self.assertEqual(other.commercial_partner_id, self.rival)
        self.assertEqual(other.user_ids, self.buyer2_user)
        self.assertFalse(member.active)
        Member = self.env["b2b.member"].with_user(self.rival_user)
        colleague = Member._get_b2b_colleague(Member._get_administrated_company(), other.id)
        Member._change_b2b_rights(colleague, {"may_order": False})
        self.assertEqual(other._get_b2b_rights(), {"see_finance"})

    def test_contact_that_gets_its_company_by_the_merge_keeps_the_rights(self):
        member = self._create_member(self.buyer2_user, may_approve=True)
        other = self.env["res.partner"].create({"name": "Twin"})
        self._merge(self.buyer2_user.partner_id | other, other)
        self.assertEqual(other.commercial_partner_id, self.customer)
        self.assertTrue(member.active)
        self.assertTrue(other._b2b_may("approve"))

    def test_rights_stay_when_companies_are_merged(self):
        twin = self.env["res.partner"].create({"name": "Twin Ltd", "is_company": True})
        self._merge(twin | self.customer, twin)
        self.assertTrue(self.member.active)
        self.assertEqual(self.member.company_partner_id, twin)

    def test_negative_limit_is_refused(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.cr.savepoint():
            self.member.order_limit = -1
            self.env.flush_all()

    def test_each_change_is_a_note_of_the_company(self):
        before = len(self.customer.message_ids)
        self.member.with_user(self.seller_user).write({"may_order": False, "order_limit": 100})
        note = self.customer.message_ids[0]
        self.assertEqual(len(self.customer.message_ids), before + 1)
        self.assertEqual(note.author_id, self.seller_user.partner_id)
        self.assertTrue(note.is_internal or note.subtype_id.internal, "customers do not read it")
        for part in (self.buyer_user.partner_id.name, "May order: no", "Order limit: "):
            self.assertIn(part, note.body)
        self.assertNotIn("Administrator", note.body)
        self.member.write({"may_order": False})
        self.assertEqual(len(self.customer.message_ids), before + 1, "nothing changed")
        self.member.unlink()
        self.assertEqual(len(self.customer.message_ids), before + 2)
        self.customer.b2b_default_rights = "look"
        self.assertIn("Only look", self.customer.message_ids[0].body)


@tagged("post_install", "-at_install")
class TestOrdering(AccountCommon):
    """Who may order, and up to which amount; the same words everywhere."""

    def _expect_refusal(self, *parts):
        cart = self._get_cart()
        problems = self._get_cart_problems()
        text = " ".join(problems)
        for part in parts:
            self.assertIn(part, text)
        values, _problems = cart._prepare_b2b_checkout_values(self.agreement, {})
        with self.assertRaises(UserError) as caught:
            cart._place_b2b_order(values)
        self.assertEqual(str(caught.exception), problems[0])
        self.assertEqual(cart.b2b_qualifier, "cart")

    def test_whoever_may_not_order_is_told_whom_to_ask(self):
        self.member.may_order = False
        self._expect_refusal(self.customer.name, self.admin_user.partner_id.name)

    def test_without_administrator_the_seller_is_asked(self):
        self.member.may_order = False
        self.administrator.is_administrator = False
        self.customer.user_id = self.seller_user
        self._expect_refusal(self.seller_user.name)

    def test_default_rights_count_for_contacts_without_record(self):
        self.member.unlink()
        self.assertFalse(self._get_cart_problems())
        self.customer.b2b_default_rights = "look"
        self._expect_refusal(self.customer.name)

    def test_limit_is_exceeded_strictly_above(self):
        cart = self._get_cart()
        cart._refresh_b2b_lines()
        self.member.order_limit = cart.amount_untaxed
        self.assertFalse(self._get_cart_problems())
        self.member.order_limit = cart.amount_untaxed - 0.01
        self._expect_excess(cart.amount_untaxed, self.admin_user.partner_id.name)
        self.member.order_limit = 0
        self._place(cart)
        self.assertEqual(cart.b2b_qualifier, "order")

    def _expect_excess(self, amount, *parts):
        """The limit is exceeded: refused, or asked about where `b2b_approval` is installed."""
        cart = self._get_cart().sudo()
        text = " ".join(cart._get_b2b_limit_excess(cart.partner_id, amount))
        for part in parts:
            self.assertIn(part, text)
        if "b2b.approval" in self.env:
            self.assertFalse(self._get_cart_problems())
        else:
            self._expect_refusal(*parts)

    def test_limit_is_in_the_currency_of_the_seller(self):
        currency = self._sell_in_another_currency(4.0).currency_id
        cart = self._get_cart()
        cart._refresh_b2b_lines()
        self.assertEqual(cart.currency_id, currency)
        amount = cart.amount_untaxed / 4.0
        self.member.order_limit = amount + 0.01
        self.assertFalse(self._get_cart_problems())
        self.member.order_limit = amount - 0.01
        self._expect_excess(amount, self.company.currency_id.format(amount))

    def test_order_of_the_public_shop_counts_in_its_own_currency(self):
        """Its list is not always the one of the agreement."""
        currency = self._create_currency(4.0).currency_id
        other = self._create_pricelist(name="Other", is_b2b=False, currency_id=currency.id)
        order = self._create_order(
            [(self.product, 1)],
            partner_id=self.buyer_user.partner_id.id,
            document_type="web",
            pricelist_id=other.id,
        )
        self.assertEqual(order.currency_id, currency)
        self.member.order_limit = order.amount_untaxed / 4.0 + 0.01
        self.assertFalse(order._get_b2b_web_problems())
        self.member.order_limit -= 0.02
        self.assertTrue(order._get_b2b_web_problems())

    def test_page_and_post_refuse_in_the_same_words(self):
        self.member.may_order = False
        self._login(self.buyer_user)
        words = self._get_cart_problems()[0]
        for url in ("/my/b2b/cart", "/my/b2b/checkout"):
            self.assertIn(words, self._alerts(self._get(url)))
        answer = self._post("/my/b2b/checkout", {"cart_id": self.cart.id})
        self.assertIn(words, self._alerts(answer))
        self.env.invalidate_all()
        self.assertEqual(self.cart.b2b_qualifier, "cart")
        # The rest is there: shop, prices, templates, and what is put into the cart.
        for url in ("/my/b2b", "/my/b2b/pricelist", "/my/b2b/templates", "/my/b2b/quick-order"):
            self.assertEqual(self._get(url).status_code, 200)
        answer = self._post(
            "/my/b2b/cart/add",
            {"product_id": self.product_b.id},
            headers={"Accept": "application/json"},
        )
        self.assertTrue(answer.json())
        self.assertIn(self.product_b, self._get_cart().order_line.product_id)

    def test_right_that_is_taken_away_between_page_and_click_is_gone(self):
        self._login(self.buyer_user)
        _action, form = self._form(self._get("/my/b2b/checkout"), "Place order")
        self.member.may_order = False
        answer = self._post("/my/b2b/checkout", {**form, "csrf_token": form["csrf_token"]})
        self.assertIn(self._get_cart_problems()[0], self._alerts(answer))
        self.assertEqual(self.cart.b2b_qualifier, "cart")
