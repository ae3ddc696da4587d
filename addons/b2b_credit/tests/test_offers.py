from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.b2b_account.tests.quotations import QuotationCommon

from .common import CreditCommon


class OfferCommon(QuotationCommon, CreditCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.total = cls.offer.amount_total
        cls.provider = cls.env["payment.provider"].create({"name": "Test", "code": "none"})
        cls.method = cls.env["payment.method"].create({"name": "Test", "code": "credit_test"})
        # A payment in a journal is not what is tested here.
        transactions = cls.registry["payment.transaction"]
        cls.classPatch(transactions, "_create_payment", lambda self, **kw: None)

    def _pay(self, order, state, amount=None):
        """Process a payment of an order."""
        transaction = self.env["payment.transaction"].create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.method.id,
                "reference": f"{order.name}-{self.env['payment.transaction'].search_count([])}",
                "amount": amount or order.amount_total,
                "currency_id": order.currency_id.id,
                "partner_id": order.partner_id.id,
                "operation": "online_direct",
                "sale_order_ids": [Command.set(order.ids)],
                "state": "pending",
            }
        )
        # Past the checks of what this provider supports: only the state counts here.
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE payment_transaction SET state = %s WHERE id = %s", [state, transaction.id]
        )
        self.env.invalidate_all()
        transaction.with_context(skip_sale_auto_invoice_send=True)._post_process()
        self.env.invalidate_all()

    def _get_accepted(self):
        self.env.flush_all()
        accepted = self.env["sale.order"]._get_b2b_accepted_sql()
        rows = self.env.execute_query(SQL("SELECT id FROM sale_order sale WHERE %s", accepted))
        return self.env["sale.order"].browse(row[0] for row in rows)


@tagged("post_install", "-at_install")
class TestQuotations(OfferCommon):
    """Quotations that the customer accepts: by login, by the link of the e-mail, by paying."""

    def test_block(self):
        self._set_limit(self.total - 0.01, "block")
        for user in (self.buyer_user, None):
            with self.subTest(user=user and user.login):
                self.assertIn("credit", self._accept(user)["error"])
                self.assertEqual((self.offer.state, bool(self.offer.signature)), ("sent", False))

    def test_exactly_met_is_within(self):
        self._set_limit(self.total, "block")
        self.assertNotIn("error", self._accept(self.buyer_user))
        self.assertEqual((self.offer.state, self.offer.b2b_credit_hold), ("sale", False))

    def test_amounts_are_for_who_sees_finance_and_no_bearer_of_a_link(self):
        self._set_limit(12345, "block")
        self._create_invoice(54321)
        self.assertIn("12,345", self._accept(self.buyer_user)["error"])
        for user in (None, self.looker_user):
            text = self._accept(user)["error"]
            self.assertIn("exceeds the credit", text)
            for amount in ("12,345", "54,321"):
                self.assertNotIn(amount, text)

    def test_page_says_it_before_and_offers_no_button(self):
        self._set_limit(1, "block")
        self.offer.require_payment = True
        for user in (self.buyer_user, None):
            self.authenticate(None, None)
            if user:
                self._login(user)
            page = self._page(self._get(self._url()))
            self.assertIn("credit", " ".join(self._alerts(self._get(self._url()))))
            self.assertFalse(page.xpath("//*[@data-bs-target='#modalaccept' or @id='modalaccept']"))
            self.assertTrue(page.xpath("//*[@data-bs-target='#modaldecline']"), "may be rejected")
        self.customer.credit_limit = 0
        page = self._page(self._get(self._url()))
        self.assertTrue(page.xpath("//*[@data-bs-target='#modalaccept']"))
        self.assertTrue(page.xpath("//*[@id='modalaccept']"))

    def test_approval_holds_what_was_signed_until_it_is_released(self):
        self._set_limit(1, "approval")
        self._login(self.buyer_user)
        text = " ".join(self._alerts(self._get(self._url())))
        self.assertIn("before we confirm", text)
        self.assertNotIn("error", self._accept(self.buyer_user))
        self.assertTrue(self.offer.signature)
        self.assertEqual((self.offer.state, self.offer.b2b_credit_hold), ("sent", True))
        self.assertIn("credit limit", self.offer.b2b_credit_hold_reason)
        self.assertEqual(self.offer.status_attention, "credit_hold")
        order = self.offer.with_user(self.seller_user)
        order.action_release_credit_hold("paid by phone")
        order.action_confirm()
        self.assertEqual(self.offer.state, "sale")

    def test_what_is_looked_at_and_released_stays_as_it_is(self):
        """A release has no amount: an option that is added later would be released with it."""
        self._set_limit(1, "approval")
        self.offer.order_line = [
            Command.create({"display_type": "line_section", "name": "On", "is_optional": True}),
            Command.create({"product_id": self.product_b.id, "product_uom_qty": 0}),
        ]
        option = self.offer.order_line[-1]
        self._set_option(option, 1)
        self.assertEqual(option.product_uom_qty, 1, "still to be chosen")
        self.assertNotIn("error", self._accept(self.buyer_user))
        self._set_option(option, 1000)
        self.assertEqual((option.product_uom_qty, self.offer.b2b_credit_hold), (1, True))
        self.offer.with_user(self.seller_user).action_release_credit_hold("paid by phone")
        self._set_option(option, 1000)
        self.assertEqual((option.product_uom_qty, self.offer.state), (1, "sent"))

    def _set_option(self, line, quantity):
        """Choose an option of a quotation as its page does."""
        self._login(self.buyer_user)
        self.env.flush_all()
        self.make_jsonrpc_request(
            f"/my/orders/{line.order_id.id}/update_line_dict",
            {"line_id": line.id, "input_quantity": quantity},
        )
        self.env.invalidate_all()

    def test_what_was_accepted_and_waits_takes_from_budgets(self):
        """Where `b2b_approval` is installed, a second quotation is refused by the first one."""
        self._set_limit(1, "approval")
        second = self._create_offer()
        if "b2b.budget" in self.env:
            center = {"partner_id": self.customer.id, "code": "100", "name": "Workshop"}
            center = self.env["b2b.cost.center"].create(center)
            (self.offer | second).cost_center_id = center
            self.env["b2b.budget"].create(
                {
                    "cost_center_id": center.id,
                    "date_start": "2000-01-01",
                    "date_end": "2100-12-31",
                    "amount": self.offer.amount_untaxed,
                    "policy": "block",
                }
            )
        self.assertNotIn(self.offer, self._get_accepted())
        self.assertNotIn("error", self._accept(self.buyer_user))
        self.assertIn(self.offer, self._get_accepted())
        self.offer.with_user(self.seller_user).action_release_credit_hold("paid by phone")
        self.assertIn(self.offer, self._get_accepted())
        if "b2b.budget" in self.env:
            self.assertIn("is exceeded", self._accept(self.buyer_user, second)["error"])
            with self.assertRaisesRegex(UserError, "is exceeded"), self.cr.savepoint():
                second.sudo()._validate_order()
            self.assertFalse(second.b2b_credit_hold)
        self.offer.with_user(self.seller_user).action_confirm()
        self.assertNotIn(self.offer, self._get_accepted())

    def test_what_waits_is_asked_and_noted_as_what_is_confirmed(self):
        self._set_limit(1, "approval")
        called = []
        for name in ("_check_b2b_acceptance", "_note_b2b_acceptance"):
            note = lambda orders, name=name: called.append((name, orders.ids))  # noqa: E731
            self.patch(self.registry["sale.order"], name, note)
        self._accept(self.buyer_user)
        self.assertEqual(
            called,
            [
                ("_note_b2b_acceptance", self.offer.ids),
                ("_check_b2b_acceptance", self.offer.ids),
            ],
        )

    def test_draft_that_was_signed_is_no_draft(self):
        self._set_limit(1, "approval")
        self.offer.state = "draft"
        self._accept()
        self.assertEqual((self.offer.state, self.offer.b2b_credit_hold), ("sent", True))

    def test_inform_tells_and_goes_on(self):
        self._set_limit(1, "inform")
        self._login(self.buyer_user)
        self.assertIn("credit", " ".join(self._alerts(self._get(self._url()))))
        self._accept(self.buyer_user)
        self.assertEqual((self.offer.state, self.offer.b2b_credit_hold), ("sale", False))

    def test_overdue_counts(self):
        self.company.write({"b2b_credit_policy": "block", "b2b_overdue_days": 10})
        self._create_invoice(1, 11)
        self.assertIn("overdue", self._accept(self.buyer_user)["error"])

    def test_retail_is_left_alone(self):
        partner = self.retail_user.partner_id
        partner.credit_limit = 1
        self.company.b2b_credit_policy = "block"
        order = self._create_offer(partner_id=partner.id)
        self.assertNotIn("error", self._accept(self.retail_user, order))
        self.assertEqual(order.state, "sale")

    def test_former_customer_is_asked_too(self):
        self.agreement.action_terminate()
        self._set_limit(1, "block")
        self.assertIn("error", self._accept(self.buyer_user))

    def test_nothing_configured_asks_nothing(self):
        self._create_invoice(1000000, 500)
        self.assertFalse(self.offer._is_b2b_credit_asked())
        self.assertNotIn("error", self._accept(self.buyer_user))
        self.assertFalse(self.env["b2b.credit.check"].search([]))

    # === PAYMENTS === #

    def _transaction_error(self, order):
        token = order._portal_ensure_token()
        self.env.flush_all()
        url = f"/my/orders/{order.id}/transaction"
        with mute_logger("odoo.http"):
            answer = self.url_open(url, json={"params": {"access_token": token}}).json()
        return answer.get("error", {}).get("data", {}).get("message", "")

    def test_payment_that_would_confirm_is_refused_before(self):
        self._set_limit(1, "block")
        self.offer.write({"require_signature": False, "require_payment": True})
        for user in (self.buyer_user, None):
            self.authenticate(None, None)
            if user:
                self._login(user)
            self.assertIn("credit", self._transaction_error(self.offer))

    def test_order_that_is_placed_is_paid_all_the_same(self):
        self.offer.action_confirm()
        self._set_limit(1, "block")
        self.assertFalse(self.offer._get_b2b_acceptance_problems(self.buyer_user.partner_id))

    def test_what_is_paid_at_once_takes_no_credit(self):
        self._set_limit(1, "approval")
        self.offer.write({"require_signature": False, "require_payment": True})
        self._pay(self.offer, "done")
        self.assertEqual((self.offer.state, self.offer.b2b_credit_hold), ("sale", False))

    def test_what_a_salesperson_confirmed_is_not_held_by_a_payment_to_come(self):
        self._set_limit(1, "approval")
        self.offer.with_user(self.seller_user).action_confirm()
        self._pay(self.offer, "pending")
        self.assertEqual((self.offer.state, self.offer.b2b_credit_hold), ("sale", False))

    def test_part_payment_waits_for_a_salesperson(self):
        self._expect_part_payment_to_wait("approval")

    def test_part_payment_that_came_in_spite_of_a_refusal_waits_too(self):
        self._expect_part_payment_to_wait("block")

    def _expect_part_payment_to_wait(self, policy):
        self._set_limit(1, policy)
        self.offer.write(
            {"require_signature": False, "require_payment": True, "prepayment_percent": 0.5}
        )
        self._pay(self.offer, "done", self.total / 2)
        self.assertEqual((self.offer.state, self.offer.b2b_credit_hold), ("sent", True))
        self.assertIn("Held", self.offer.message_ids.mapped("body").__str__())
        self._pay(self.offer, "done", self.total / 2)
        self.assertEqual(self.offer.state, "sent", "still to be released")
        self.offer.with_user(self.seller_user).action_release_credit_hold("fine")
        self.offer.with_user(self.seller_user).action_confirm()
        self.assertEqual(self.offer.state, "sale")


@tagged("post_install", "-at_install")
class TestWebOrders(OfferCommon):
    """Carts of the public shop; its pages are tested where the shop is."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.web = cls._create_offer(document_type="web", state="draft", require_signature=False)
        cls.total = cls.web.amount_total

    def test_block(self):
        self._set_limit(self.total - 0.01, "block")
        self.assertIn("credit", " ".join(self.web._get_b2b_web_problems()))
        problems = self.web._get_b2b_acceptance_problems(self.buyer_user.partner_id)
        self.assertEqual(len(problems), 1, "said once")
        self._set_limit(self.total)
        self.assertFalse(self.web._get_b2b_web_problems(), "exactly met is within")

    def test_notices(self):
        self._set_limit(1, "approval")
        self.assertFalse(self.web._get_b2b_web_problems())
        self.assertIn("before we confirm", " ".join(self.web._get_b2b_web_notices()))
        self._set_limit(1, "inform")
        self.assertTrue(self.web._get_b2b_web_notices())
        self._set_limit(0)
        self.assertFalse(self.web._get_b2b_web_notices())

    def test_payment_that_is_yet_to_come_is_held(self):
        self._set_limit(self.total - 0.01, "approval")
        self._pay(self.web, "pending")
        self.assertEqual((self.web.state, self.web.b2b_credit_hold), ("sent", True))

    def test_cash_on_delivery_is_held_before_it_would_be_confirmed(self):
        """Odoo confirms drafts of such payments at once; what is within goes on as ever."""
        modes = ["cash_on_delivery", "on_site"]
        field = self.provider._fields.get("custom_mode")
        known = field and set(modes) & set(field.get_values(self.env)) or ()
        status = self.env["sale.order.status"].create(
            {
                "name": "Being looked at",
                "category": "in_progress",
                "event_ids": [(4, self.env.ref("b2b_credit.event_credit_hold").id)],
            }
        )
        self._set_limit(self.total - 0.01, "approval")
        for order, mode in (
            *((self.web.copy({"document_type": "web"}), mode) for mode in known),
            (self._create_offer(state="draft"), None),
        ):
            with self.subTest(mode), self.env.cr.savepoint() as savepoint:
                transactions = self.registry["payment.transaction"]
                confirms = transactions._confirms_before_it_is_paid
                if mode:
                    self.provider.write({"code": "custom", "custom_mode": mode})
                else:  # where none of the addons is there that know such payments
                    confirms = lambda tx: True  # noqa: E731
                with patch.object(transactions, "_confirms_before_it_is_paid", confirms):
                    self._pay(order, "pending")
                self.assertEqual((order.state, order.b2b_credit_hold), ("sent", True))
                if mode:
                    self.assertEqual(order.order_status_id, status)
                savepoint.rollback()
                self.env.invalidate_all()
        self._set_limit(self.total, "approval")
        for mode in known:
            self.provider.write({"code": "custom", "custom_mode": mode})
            self._pay(self.web, "pending")
            self.assertEqual((self.web.state, self.web.b2b_credit_hold), ("sale", False))
            break

    def test_order_is_not_counted_twice(self):
        self._set_limit(self.total, "approval")
        self._pay(self.web, "pending")
        self.assertEqual((self.web.state, self.web.b2b_credit_hold), ("sent", False))

    def test_payment_in_full_confirms(self):
        self._set_limit(1, "approval")
        self._pay(self.web, "done")
        self.assertEqual((self.web.state, self.web.b2b_credit_hold), ("sale", False))

    def test_held_order_stays_held_when_its_money_comes(self):
        self._set_limit(1, "approval")
        self._pay(self.web, "pending")
        self._pay(self.web, "done")
        self.assertEqual((self.web.state, self.web.b2b_credit_hold), ("sent", True))


@tagged("post_install", "-at_install")
class TestSalesperson(OfferCommon):
    """Whoever confirms is warned, may go on, and the log keeps it."""

    def _order(self):
        self.env.invalidate_all()
        return self.offer.with_user(self.seller_user).with_context(lang="en_US")

    def test_warning_and_note(self):
        for policy in ("inform", "approval", "block"):
            with self.subTest(policy), self.env.cr.savepoint() as savepoint:
                self._set_limit(1, policy)
                order = self._order()
                self.assertIn("credit limit", order.b2b_credit_warning)
                order.action_confirm()
                self.assertEqual(self.offer.state, "sale")
                note = self.offer.message_ids.filtered(
                    lambda one: "Confirmed above the credit" in one.body
                )
                self.assertEqual(note.author_id, self.seller_user.partner_id)
                self.assertTrue(note.subtype_id.internal, "customers do not read it")
                savepoint.rollback()
                self.env.invalidate_all()

    def test_within_there_is_none(self):
        self._set_limit(self.total, "block")
        order = self._order()
        self.assertFalse(order.b2b_credit_warning)
        order.action_confirm()
        self.assertNotIn("above the credit", str(self.offer.message_ids.mapped("body")))

    def test_placed_order_is_not_counted_twice(self):
        self._set_limit(self.cart.amount_total, "inform")
        self._place()
        self.assertFalse(self.cart.with_user(self.seller_user).b2b_credit_warning)

    def test_placed_order_that_another_system_invoiced_is_taken_off_from_nothing(self):
        self._place()
        amount = self.cart.amount_total
        others = self._create_offer()
        others.action_confirm()
        self._set_limit(others.amount_total + amount - 0.01, "inform")
        hook = "_get_invoiced_elsewhere_sql"
        invoiced = lambda _self: SQL("id = %s", self.cart.id)  # noqa: E731
        with patch.object(self.registry["sale.order"], hook, invoiced):
            self.assertIn("credit limit", self.cart._get_b2b_seller_warning())
            self.customer.credit_limit += 0.01
            self.assertFalse(self.cart._get_b2b_seller_warning(), "exactly met is within")

    def test_held_order_says_so_itself(self):
        self._set_limit(1, "approval")
        self._accept()
        self.assertFalse(self._order().b2b_credit_warning)

    def test_form_shows_it(self):
        arch = self.env["sale.order"].with_user(self.seller_user).get_view(view_type="form")["arch"]
        self.assertIn("b2b_credit_warning", arch)

    def test_customers_do_not_read_it(self):
        for user in (self.buyer_user, self.rival_user, self.retail_user):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.offer.with_user(user).read(["b2b_credit_warning"])

    def test_orders_without_a_limit_cost_nothing(self):
        orders = self.offer | self._create_offer()
        with patch.object(
            self.registry["res.partner"], "_get_b2b_standing", side_effect=AssertionError
        ):
            orders.action_confirm()
