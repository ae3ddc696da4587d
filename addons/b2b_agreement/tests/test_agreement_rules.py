from datetime import timedelta

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user
from odoo.tools import mute_logger
from odoo.tools.safe_eval import safe_eval

from .common import SIGNATURE
from .seal import SealCommon


class TestReminderRules(SealCommon):
    def _sign(self, start, end, **values):
        today = fields.Date.today()
        return self._create_agreement(
            state="signed",
            user_id=self.seller_user.id,
            date_start=today + timedelta(days=start),
            date_end=end is not None and today + timedelta(days=end),
            **values,
        )

    def test_no_reminder_where_the_next_agreement_follows(self):
        agreement = self._sign(-345, 20)
        self.assertEqual(agreement._get_due_reminder(), 30)
        self.assertIn(agreement, agreement._search_reminders_due())
        self._sign(21, None)
        self.assertEqual(agreement._get_due_reminder(), 0)
        self.assertNotIn(agreement, agreement._search_reminders_due())

    def test_gap_before_the_renewal_is_reminded_of(self):
        agreement = self._sign(-345, 20)
        self._sign(90, None, renewed_from_id=agreement.id)
        self.assertEqual(agreement._get_due_reminder(), 30)

    def test_what_follows_for_others_does_not_count(self):
        agreement = self._sign(-345, 20)
        self._sign(-100, None, partner_id=self.rival.id)
        self._create_agreement(
            date_start=fields.Date.today() + timedelta(days=21), date_end=False, state="sent"
        )
        self.assertEqual(agreement._get_due_reminder(), 30)

    def test_short_agreement_is_not_reminded_of_at_once(self):
        self.assertEqual(self._sign(0, 20)._get_due_reminder(), 0)

    def test_activities_are_closed_by_what_follows(self):
        agreement = self._sign(-300, 5)
        agreement._try_remind()
        own = agreement.activity_schedule("mail.mail_activity_data_todo", summary="Call them")
        self.assertEqual(len(agreement.activity_ids), 2)
        agreement.action_renew()
        renewal = agreement.renewal_ids
        renewal.state = "sent"
        self.assertEqual(len(agreement.activity_ids), 2)
        renewal._sign("Anna", SIGNATURE, self.buyer_user.partner_id)
        self.assertEqual(agreement.activity_ids, own)

    def test_activities_are_closed_by_the_termination(self):
        agreement = self._sign(-300, 5)
        agreement._try_remind()
        agreement.with_user(self.seller_user).action_terminate()
        self.assertFalse(agreement.activity_ids)

    def test_termination_says_what_it_does(self):
        """Where nothing was signed, nothing closes."""
        arch = etree.fromstring(self.env["b2b.agreement"].get_view(view_type="form")["arch"])
        asked = {
            state: [
                button.get("confirm")
                for button in arch.xpath("//button[@name='action_terminate']")
                if not safe_eval(button.get("invisible"), {"state": state})
            ]
            for state in ("draft", "sent", "signed", "terminated")
        }
        self.assertEqual((asked["draft"], asked["terminated"]), ([], []))
        self.assertEqual([len(asked["sent"]), len(asked["signed"])], [1, 1])
        self.assertIn("no longer sign", asked["sent"][0])
        self.assertIn("close for this customer", asked["signed"][0])


class TestRights(SealCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own_user = new_test_user(
            cls.env, "b2b_own", groups="base.group_user,sales_team.group_sale_salesman"
        )
        cls.clerk = new_test_user(cls.env, "b2b_clerk", groups="base.group_user")

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_own_documents_only(self):
        foreign = self._create_sent(user_id=self.seller_user.id).sudo()
        own = self._create_agreement(user_id=self.own_user.id)
        nobodys = self._create_agreement()
        nobodys.user_id = False
        Agreement = self.env["b2b.agreement"].with_user(self.own_user)
        found = Agreement.search([("id", "in", (foreign | own | nobodys).ids)])
        self.assertEqual(found, own | nobodys)
        for method in ("action_terminate", "action_draft", "action_renew", "read"):
            with self.subTest(method=method), self.assertRaises(AccessError):
                getattr(foreign.with_user(self.own_user), method)()
        with self.assertRaises(AccessError):
            foreign.with_user(self.own_user).pricelist_id = self.rival_pricelist

    @mute_logger("odoo.addons.base.models.ir_model")
    def test_people_without_sales_rights_read_no_agreement(self):
        agreement = self._create_signed_agreement()
        with self.assertRaises(AccessError):
            agreement.with_user(self.clerk).read(["body"])
        with self.assertRaises(AccessError):
            self.customer.with_user(self.clerk).read(["b2b_agreement_ids"])
        Agreement = self.env["b2b.agreement"].with_user(self.clerk)
        self.assertFalse(Agreement._get_portal_agreements())

    def test_agreement_rules_for_those_who_do_not_read_it(self):
        term = self.env["account.payment.term"].create({"name": "45 days"})
        agreement = self._create_signed_agreement(
            payment_term_id=term.id, user_id=self.seller_user.id
        )
        for user in (self.clerk, self.own_user):
            partner = self.customer.with_user(user)
            with self.subTest(user=user.login):
                self.assertEqual(partner._get_b2b_agreement(), agreement)
                self.assertTrue(partner.b2b_agreement_id)
                self.assertTrue(partner.search([("b2b_agreement_id", "!=", False)]))
        order = self.env["sale.order"].with_user(self.own_user)
        order = order.create({"partner_id": self.customer.id})
        self.assertEqual(order.payment_term_id, term)


class TestAdministrator(SealCommon):
    """Administrators have every right in the back office; no right to sign for a customer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.env.ref("base.user_admin")

    def test_administrators_do_not_sign_for_the_customer(self):
        agreement = self._create_sent().with_user(self.admin)
        with self.assertRaisesRegex(UserError, "signed by the customer"):
            agreement.state = "signed"
        with self.assertRaisesRegex(UserError, "signed by the customer"), self.cr.savepoint():
            agreement.copy({"state": "signed"})

    def test_change_by_an_administrator_makes_a_draft_too(self):
        agreement = self._create_sent().with_user(self.admin)
        agreement.minimum_order_amount = 1
        self.assertEqual(agreement.state, "draft")

    def test_server_action_of_a_user_changes_nothing_signed(self):
        agreement = self._sign_with_pdf(self._create_sent())
        action = self.env["ir.actions.server"].create(
            {
                "name": "Cheaper",
                "model_id": self.env["ir.model"]._get_id("b2b.agreement"),
                "state": "code",
                "code": "record.write({'minimum_order_amount': 1})",
            }
        )
        context = {
            "active_model": "b2b.agreement",
            "active_id": agreement.id,
            "active_ids": agreement.ids,
        }
        with self.assertRaises(UserError), mute_logger("odoo.addons.base.models.ir_actions"):
            action.with_user(self.admin).with_context(**context).run()
        self.assertFalse(agreement.minimum_order_amount)

    def test_import_changes_nothing_signed(self):
        agreement = self._sign_with_pdf(self._create_sent())
        Agreement = self.env["b2b.agreement"].with_user(self.admin)
        rows = [[str(agreement.id), "1"]]
        result = Agreement.load([".id", "minimum_order_amount"], rows)
        self.assertFalse(result["ids"])
        self.assertIn("cannot be changed", result["messages"][0]["message"])

    def test_several_at_once_are_changed_all_or_none(self):
        signed = self._sign_with_pdf(self._create_sent()).with_user(self.admin)
        draft = self._create_agreement(partner_id=self.rival.id).with_user(self.admin)
        with self.assertRaises(UserError):
            (signed | draft).write({"minimum_order_amount": 1})
        self.assertFalse(draft.minimum_order_amount)

    def test_change_of_several_sent_ones_takes_back_those_that_differ(self):
        changed = self._create_sent(minimum_order_amount=5)
        same = self._create_sent(partner_id=self.rival.id, minimum_order_amount=9)
        (changed | same).write({"minimum_order_amount": 9})
        self.assertEqual((changed.state, same.state), ("draft", "sent"))

    def test_trusted_code_corrects_and_it_shows(self):
        agreement = self._sign_with_pdf(self._create_sent())
        agreement.sudo().minimum_order_amount = 7
        self.assertFalse(agreement.is_body_intact)
        agreement.sudo().minimum_order_amount = 0
        self.assertTrue(agreement.is_body_intact)

    def test_trusted_change_of_a_sent_agreement_keeps_text_and_terms_in_step(self):
        agreement = self._create_sent().sudo()
        link = agreement._get_statement_hash()
        agreement.minimum_order_amount = 777
        self.assertEqual(agreement.state, "sent")
        self.assertIn("777", agreement.body)
        self.assertNotEqual(agreement._get_statement_hash(), link)

    def test_rounding_of_amounts_does_not_break_the_seal(self):
        agreement = self._sign_with_pdf(self._create_sent(minimum_order_amount=33.333333))
        self.env.invalidate_all()
        self.assertTrue(agreement.is_body_intact)

    def test_form_of_the_web_client_tells_the_size_of_the_picture_only(self):
        agreement = self._sign_with_pdf(self._create_sent())
        self.env.invalidate_all()
        self.assertTrue(agreement.with_context(bin_size=True).is_body_intact)

    def test_merged_customer_leaves_the_seal_whole(self):
        agreement = self._sign_with_pdf(self._create_sent())
        successor = self.env["res.partner"].create({"name": "Buyer Ltd", "is_company": True})
        self.env.flush_all()
        (self.buyer_user | self.buyer2_user).partner_id.parent_id = successor
        agreement.signed_partner_id.flush_recordset()
        self.cr.execute("UPDATE b2b_agreement SET partner_id = %s", [successor.id])
        self.env.invalidate_all()
        self.assertFalse(agreement.is_body_intact)
        self.customer.unlink()
        self.env.invalidate_all()
        self.assertTrue(agreement.is_body_intact)

    def test_draft_of_a_customer_with_a_term_in_polish(self):
        """The text is in the customer's language, whoever changes the terms."""
        self.env["res.lang"]._activate_lang("pl_PL")
        self.template.with_context(lang="pl_PL").body = "<p>Umowa: {{ minimum_order }}</p>"
        self.customer.lang = "pl_PL"
        agreement = self._create_sent()
        agreement.minimum_order_amount = 250
        self.assertIn("Umowa: ", agreement.body)
        self.assertIn("250,00", agreement.body)
