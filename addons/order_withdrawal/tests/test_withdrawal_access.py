import json

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from odoo.addons.order_withdrawal.declaration import get_hash

from .common import WithdrawalHttpCommon

# Every public method of the models, with arguments that an RPC call would bring.
METHODS = {
    "action_accept": (),
    "action_decline": ("No",),
    "action_match": (1,),
    "action_create_return": (),
    "action_create_credit_note": (),
    "action_done": (),
    "action_enter_part": ({},),
    "action_reopen": (),
    "action_dismiss_failed_mail": (),
    "action_send_acknowledgement": (),
}


@tagged("post_install", "-at_install")
class TestWithdrawalAccess(WithdrawalHttpCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own_seller = new_test_user(cls.env, "wd_own", "sales_team.group_sale_salesman")
        cls.portal = new_test_user(
            cls.env, "wd_buyer", "base.group_portal", partner_id=cls.customer.id
        )
        cls.rival = new_test_user(cls.env, "wd_rival2", "base.group_portal")
        cls.employee = new_test_user(cls.env, "wd_employee", "base.group_user")

    # === WHO MAY ACT === #

    def test_customers_and_employees_have_no_methods(self):
        statement = self._enter(self.order)
        for user in (self.portal, self.rival, self.employee, self.env.ref("base.public_user")):
            theirs = statement.with_user(user)
            for name, args in METHODS.items():
                with self.assertRaises(AccessError, msg=f"{user.login} {name}"):
                    getattr(theirs, name)(*args)
            with self.assertRaises(AccessError):
                theirs.read(["statement"])
            with self.assertRaises(AccessError):
                theirs.create({"partner_name": "Me"})

    def test_article_of_another_order_is_named_to_its_readers_only(self):
        self.product.name = "Secret"
        mine = self.env["product.product"].create({"name": "Mine", "type": "service"})
        theirs = self._create_web_order(user_id=self.seller.id)
        own = self._create_web_order(
            user_id=self.own_seller.id,
            order_line=[Command.create({"product_id": mine.id, "product_uom_qty": 1})],
        )
        for user, is_told in ((self.own_seller, False), (self.seller, True)):
            with self.assertRaisesRegex(UserError, "is no article") as refused, self.cr.savepoint():
                self._enter(own, user=user, line_ids=self._lines(theirs, 1))
            self.assertEqual("Secret" in str(refused.exception), is_told)

    def test_customers_read_nothing_over_rpc(self):
        statement = self._enter(self.order)
        self.authenticate("wd_buyer", "wd_buyer")
        for model in (
            "sale.withdrawal",
            "sale.withdrawal.line",
            "sale.withdrawal.mail",
            "sale.withdrawal.report",
        ):
            answer = self.url_open(
                f"/web/dataset/call_kw/{model}/search_read",
                data=json.dumps(
                    {"params": {"model": model, "method": "search_read", "args": [], "kwargs": {}}}
                ),
                headers={"Content-Type": "application/json"},
            )
            self.assertIn("error", answer.json(), model)
            self.assertNotIn(statement.name, answer.text)
        order = self.order.with_user(self.portal)
        with self.assertRaises(AccessError):
            order.read(["withdrawal_ids"])
        with self.assertRaises(AccessError):
            order.search([("withdrawal_ids", "!=", False)])

    def test_salespeople_by_the_rules_of_their_orders(self):
        statement = self._enter(self.order)
        self.order.user_id = self.manager
        with self.assertRaises(AccessError):
            statement.with_user(self.own_seller).action_accept()
        self.assertFalse(
            self.env["sale.withdrawal"]
            .with_user(self.own_seller)
            .search([("id", "=", statement.id)])
        )
        with self.assertRaises(AccessError):
            self._enter(self.order, user=self.own_seller)
        self.order.user_id = self.own_seller
        self.assertTrue(statement.with_user(self.own_seller).action_accept())

    def test_nobody_matches_an_order_of_others(self):
        statement = self._enter(partner_name="Anna", email="a@example.com")
        self.order.user_id = self.manager
        with self.assertRaises(AccessError):
            statement.with_user(self.own_seller).action_match(self.order.id)
        self.assertFalse(statement.order_id)

    def test_other_companies_see_nothing(self):
        company = self.env["res.company"].create({"name": "WD other"})
        stranger = new_test_user(
            self.env,
            "wd_stranger",
            "sales_team.group_sale_manager",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        statement = self._enter(self.order)
        self.assertFalse(
            self.env["sale.withdrawal"].with_user(stranger).search([("id", "=", statement.id)])
        )
        with self.assertRaises(AccessError):
            statement.with_user(stranger).action_accept()

    # === WHAT WAS DECLARED === #

    def test_nobody_changes_what_was_declared(self):
        statement = self._enter(self.order, reason="Too big", line_ids=self._lines(self.order, 1))
        values = {
            "statement": "Else",
            "statement_hash": "0" * 64,
            "partner_name": "Else",
            "email": "else@example.com",
            "order_reference": "Else",
            "reason": "Else",
            "received_at": "2020-01-01 00:00:00",
            "sent_on": "2020-01-01",
            "source": "form",
            "is_verified": False,
            "order_id": False,
            "state": "done",
            "line_ids": [Command.clear()],
            "name": "WD/0",
            "company_id": self.company.id,
            "mail_state": "sent",
        }
        for who in (statement, statement.sudo(), statement.with_user(self.manager)):
            for name, value in values.items():
                with self.assertRaises(UserError, msg=name):
                    who.write({name: value})
            for key in (True, 1, "x"):
                with self.assertRaises(UserError):
                    who.with_context(order_withdrawal_write=key).write({"statement": "Else"})
        for line in (statement.line_ids, statement.line_ids.sudo()):
            with self.assertRaises(UserError):
                line.write({"quantity": 5})
            with self.assertRaises(UserError):
                line.unlink()
        with self.assertRaises(UserError):
            self.env["sale.withdrawal.line"].create({"withdrawal_id": statement.id, "quantity": 1})
        with self.assertRaises(UserError):
            statement.sudo().unlink()

    def test_notes_and_the_person_in_charge_are_free(self):
        statement = self._enter(self.order).with_user(self.seller)
        statement.write({"note": "Called her", "user_id": self.manager.id})
        self.assertEqual(statement.note, "Called her")

    def test_entered_by_hand_is_of_the_staff(self):
        statement = self._enter(
            self.order,
            source="tracking",
            is_verified=False,
            state="done",
            name="X",
            mail_state="sent",
        )
        self.assertEqual(statement.source, "staff")
        self.assertEqual(statement.state, "received")
        self.assertTrue(statement.name.startswith("WD/"))
        self.assertTrue(statement.is_verified)
        self.assertEqual(statement.partner_name, self.customer.name)
        self.assertEqual(len(statement.statement_hash), 64)

    def test_entered_by_hand_needs_a_name_and_no_future(self):
        with self.assertRaises(UserError):
            self._enter()
        with self.assertRaises(UserError):
            self._enter(self.order, received_at="2999-01-01 00:00:00")
        earlier = self._enter(self.order, received_at="2026-01-05 10:00:00")
        self.assertEqual(str(earlier.received_at), "2026-01-05 10:00:00")

    def test_entered_texts_are_cleaned_as_those_of_the_pages(self):
        """What PostgreSQL cannot store comes by RPC, and out of a letter that was scanned."""
        statement = self._enter(
            partner_name="Anna\0 \ud800Kowalska\n",
            email=" anna@example.com\0",
            reason="My \0lamp\r\nis broken",
            statement="I\0 withdraw\r\n",
        )
        self.assertEqual(statement.partner_name, "Anna Kowalska")
        self.assertEqual(statement.email, "anna@example.com")
        self.assertEqual(statement.reason, "My lamp\nis broken")
        self.assertEqual(statement.statement, "I withdraw")
        self.assertEqual(statement.statement_hash, get_hash("I withdraw"))
        with self.assertRaisesRegex(UserError, "whose statement"):
            self._enter(partner_name=" \n\u200b")

    def test_customer_without_language_is_answered_in_that_of_the_company(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        self.company.partner_id.lang = "pl_PL"
        self.customer.lang = False
        for order in (self.order, None):
            statement = self._enter(order, partner_name="Anna")
            self.assertEqual(statement.lang, "pl_PL", "not in that of who enters it")
        self.customer.lang = "en_US"
        self.assertEqual(self._enter(self.order).lang, "en_US")

    def test_entered_lines_are_those_of_the_order(self):
        other = self._create_web_order()
        with self.assertRaises(UserError):
            self._enter(self.order, line_ids=self._lines(other, 1))

    # === MENUS === #

    def test_menus_are_for_who_sees_the_menu_above(self):
        for name in ("sale_withdrawal_menu", "sale_withdrawal_report_menu"):
            menu = self.env.ref(f"order_withdrawal.{name}")
            above = menu.parent_id.group_ids
            self.assertTrue(not above or menu.group_ids <= above, name)

    # === WIZARDS === #

    def test_wizards_ask_for_the_same_rights(self):
        statement = self._enter(self.order)
        self.order.user_id = self.manager
        for model, values, method in (
            ("sale.withdrawal.decline", {"reason": "No"}, "action_decline"),
            ("sale.withdrawal.match", {"order_id": self.order.id}, "action_match"),
            ("sale.withdrawal.part", {}, "action_enter"),
        ):
            for user in (self.own_seller, self.portal):
                with self.assertRaises(AccessError):
                    wizard = self.env[model].with_user(user)
                    record = wizard.create({"withdrawal_id": statement.id, **values})
                    getattr(record, method)()

    def test_match_offers_what_the_salesperson_may_read(self):
        """The orders of colleagues are left out, and do not close the dialog with an error."""
        mine = self._create_web_order(user_id=self.own_seller.id)
        self.order.user_id = self.manager
        statement = self._enter(partner_name=self.customer.name, email=self.customer.email)
        wizards = self.env["sale.withdrawal.match"].with_user(self.own_seller)
        self.env.invalidate_all()
        with Form(wizards.with_context(default_withdrawal_id=statement.id)) as form:
            self.assertEqual(form.order_id, mine)
        wizard = form.record
        self.assertEqual(wizard.likely_order_ids, mine)
        wizard.action_match()
        self.assertEqual(statement.order_id, mine)

    def test_check_is_for_administrators(self):
        with self.assertRaises(AccessError):
            self.env["sale.withdrawal.check"].with_user(self.seller).create({})
