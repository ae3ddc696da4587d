from lxml import etree

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools.safe_eval import safe_eval

from ..models.sale_order.hold import HOLD_FIELDS
from .common import CreditCommon


@tagged("post_install", "-at_install")
class TestCreditHold(CreditCommon):
    def setUp(self):
        super().setUp()
        self._set_limit(1, "approval")
        self._place()
        self.order = self.cart.with_user(self.seller_user).with_context(lang="en_US")

    def test_no_way_to_confirm(self):
        for name, attempt in {
            "button": self.order.action_confirm,
            "write": lambda: self.order.write({"state": "sale"}),
            "as superuser": lambda: self.cart.sudo().action_confirm(),
            "forged context": lambda: self.order.with_context(b2b_credit_hold=True).write(
                {"state": "sale"}
            ),
            "unhold": lambda: self.order.write({"b2b_credit_hold": False}),
            "forge a release": lambda: self.order.write({"b2b_credit_released_by_id": 1}),
        }.items():
            with self.subTest(name), self.assertRaises(UserError), self.cr.savepoint():
                attempt()
        self.assertEqual((self.cart.state, self.cart.b2b_credit_hold), ("sent", True))

    def test_exported_hold_is_imported_unchanged(self):
        names = [".id", "client_order_ref", "b2b_credit_hold", "b2b_credit_hold_reason"]
        row = [str(cell or "") for cell in self.cart.export_data(names)["datas"][0]]
        row[1] = "PO-17"
        done = self.order.load(names, [row])
        self.assertTrue(done["ids"], done["messages"])
        self.assertEqual(self.cart.client_order_ref, "PO-17")
        for values in ({"b2b_credit_hold": "0"}, {"b2b_credit_hold_reason": "Because"}):
            changed = {**dict(zip(names, row, strict=True)), **values}
            self.assertFalse(self.order.load(names, [list(changed.values())])["ids"])
        self.assertTrue(self.cart.b2b_credit_hold)

    def test_no_default_releases_what_is_to_come(self):
        for name, value in {
            "b2b_credit_hold": True,
            "b2b_credit_hold_reason": "Because",
            "b2b_credit_released_on": "2026-01-01 10:00:00",
            "b2b_credit_released_by_id": self.buyer_user.id,
            "b2b_credit_release_reason": "Because",
        }.items():
            orders = self.env["sale.order"].with_user(self.seller_user)
            orders = orders.with_context(**{f"default_{name}": value})
            with self.subTest(name):
                self.assertFalse(orders.create({"partner_id": self.customer.id})[name])

    def test_release_is_none_for_another_customer(self):
        self.order.action_release_credit_hold("paid by phone")
        self.order.partner_id = self.buyer2_user.partner_id.id
        self.assertTrue(self.cart.b2b_credit_released_on, "a colleague took it over")
        self.rival.with_company(self.company).credit_limit = 1
        self.order.partner_id = self.rival_user.partner_id.id
        self.assertFalse(self.cart.b2b_credit_released_on)
        self.assertFalse(self.cart.b2b_credit_release_reason)
        self.order.action_confirm()
        self.assertIn("Confirmed above the credit", self.order.message_ids[0].body)

    def test_hold_of_an_order_stays_for_another_customer(self):
        self.order.partner_id = self.rival_user.partner_id.id
        self.assertTrue(self.cart.b2b_credit_hold, "a person looks at it")

    def test_language_of_who_has_left_may_be_switched_off(self):
        german = self.env["res.lang"].with_context(active_test=False)
        german.search([("code", "=", "de_DE")]).active = True
        self.seller_user.lang = "de_DE"
        self.customer.user_id = self.seller_user
        self.seller_user.active = False
        self.env.flush_all()
        # As Odoo does it once nobody active reads the language, whatever the test system is in.
        self.env.cr.execute("UPDATE res_lang SET active = false WHERE code = 'de_DE'")
        self.env.registry.clear_cache("stable")
        self.env.invalidate_all()
        self._create_draft("cart", [(self.product, 2)])
        order = self._place(self._get_cart()).sudo()
        self.assertEqual(order.user_id, self.seller_user)
        self.assertIn("credit limit", order.b2b_credit_hold_reason)

    def test_every_field_of_the_hold_is_guarded(self):
        names = self.env["sale.order"]._fields
        held = ("b2b_credit_hold", "b2b_credit_release")
        self.assertEqual({name for name in names if name.startswith(held)}, HOLD_FIELDS)

    def test_release(self):
        self.assertIs(self.order.action_release_credit_hold("paid by phone"), True)
        self.assertFalse(self.cart.b2b_credit_hold)
        self.assertEqual(self.cart.b2b_credit_released_by_id, self.seller_user)
        self.assertEqual(self.cart.b2b_credit_release_reason, "paid by phone")
        self.assertTrue(self.cart.b2b_credit_released_on)
        self.assertIn("paid by phone", self.cart.message_ids[0].body)
        self.order.action_confirm()
        self.assertEqual(self.cart.state, "sale")

    def test_release_again_does_nothing(self):
        self.order.action_release_credit_hold()
        count = len(self.cart.message_ids)
        self.order.action_release_credit_hold()
        self.assertEqual(len(self.cart.message_ids), count)

    def test_wizard_asks_for_the_reason(self):
        wizard = self.env["b2b.credit.release"].with_user(self.seller_user)
        wizard = wizard.with_context(active_ids=self.cart.ids).create({"reason": "limit raised"})
        wizard.action_release()
        self.assertEqual(self.cart.b2b_credit_release_reason, "limit raised")

    def test_wizard_lists_what_is_held(self):
        other = self._create_order([(self.product, 1)], partner_id=self.buyer_user.partner_id.id)
        wizard = self.env["b2b.credit.release"].with_user(self.seller_user)
        both = wizard.with_context(active_ids=(self.cart | other).ids)
        self.assertEqual(both.create({"reason": "paid"}).order_ids, self.order)
        with self.assertRaisesRegex(UserError, "None of these orders is held"):
            wizard.with_context(active_ids=other.ids).create({"reason": "paid"})
        # What was cancelled waits for nobody.
        arch = etree.fromstring(self.env["sale.order"].get_view(view_type="search")["arch"])
        (found,) = arch.xpath("//filter[@name='b2b_credit_hold']")
        held = self.env["sale.order"].search(safe_eval(found.get("domain")))
        self.assertIn(self.cart, held)
        self.cart._action_cancel()
        self.assertFalse(self.cart & held.search(safe_eval(found.get("domain"))))

    def test_only_salespeople_release(self):
        clerk = new_test_user(self.env, "clerk", groups="base.group_user")
        for user in (self.buyer_user, self.rival_user, self.retail_user, clerk):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.cart.with_user(user).action_release_credit_hold("mine")
        self.assertTrue(self.cart.b2b_credit_hold)

    def test_buyers_do_not_read_the_hold(self):
        for name in ("b2b_credit_hold", "b2b_credit_hold_reason", "b2b_credit_release_reason"):
            with self.subTest(name), self.assertRaises(AccessError):
                self.cart.with_user(self.buyer_user).read([name])
        for name in ("b2b_credit_policy", "b2b_overdue_days"):
            with self.subTest(name), self.assertRaises(AccessError):
                self.company.with_user(self.buyer_user).read([name])
        for model in ("b2b.credit.check", "b2b.credit.release"):
            with self.subTest(model), self.assertRaises(AccessError):
                self.env[model].with_user(self.buyer_user).search([])

    def test_needs_attention(self):
        self.assertEqual(self.order.status_attention, "credit_hold")
        Order = self.env["sale.order"].with_user(self.seller_user)
        self.assertIn(self.order, Order.search([("status_attention", "!=", False)]))
        self.assertIn(self.order, Order.search([("status_attention", "=", "credit_hold")]))
        self.assertNotIn(self.order, Order.search([("status_attention", "=", False)]))
        self.order.action_release_credit_hold()
        self.assertNotIn(self.order, Order.search([("status_attention", "=", "credit_hold")]))
        self.assertIn(self.order, Order.search([("status_attention", "=", False)]))

    def test_needs_attention_has_a_colour(self):
        view = self.env.ref("order_status_flags.sale_order_view_list_status")
        arch = self.env["sale.order"].get_view(view.id, "list")["arch"]
        (field,) = etree.fromstring(arch).xpath("//field[@name='status_attention']")
        words = field.get("decoration-warning")
        for reason, is_warned in (("credit_hold", True), ("stuck", False)):
            self.assertEqual(safe_eval(words, {"status_attention": reason}), is_warned)

    def test_wish_to_cancel_comes_before_the_hold(self):
        self.cart.sudo()._request_cancellation("", self.buyer_user.partner_id, by_link=False)
        self.assertEqual(self.order.status_attention, "cancellation")
        Order = self.env["sale.order"].with_user(self.seller_user)
        for reason in ("cancellation", "credit_hold"):
            self.assertIn(self.order, Order.search([("status_attention", "=", reason)]))

    def test_cancelled_order_needs_no_release(self):
        self.order._action_cancel()
        self.assertNotEqual(self.order.status_attention, "credit_hold")

    def test_copy_and_create_hold_nothing(self):
        self.assertFalse(self.cart.copy().b2b_credit_hold)
        order = self._create_order([(self.product, 1)], b2b_credit_hold=True)
        self.assertFalse(order.b2b_credit_hold)

    def test_form_shows_the_hold_to_sellers(self):
        Order = self.env["sale.order"].with_user(self.seller_user)
        self.assertIn("b2b_credit_hold_reason", Order.get_view(view_type="form")["arch"])
