from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError

from .common import SIGNATURE
from .seal import SealCommon


class TestChangesAfterSending(SealCommon):
    def test_changed_agreement_has_to_be_sent_again(self):
        term = self.env["account.payment.term"].create({"name": "45 days"})
        for values in (
            {"minimum_order_amount": 9000},
            {"date_end": fields.Date.today() + timedelta(days=9)},
            {"pricelist_id": self.rival_pricelist.id},
            {"payment_term_id": term.id},
            {"po_number_required": True},
            {"partner_id": self.rival.id},
            {"body": "<p>Other words</p>"},
        ):
            with self.subTest(values=values):
                agreement = self._create_sent(partner_id=self.customer.id)
                agreement.write(values)
                self.assertEqual(agreement.state, "draft")
                self.assertIn("Send it anew", agreement.message_ids.mapped("body")[0])
                with self.assertRaisesRegex(UserError, "not open"):
                    agreement.sudo()._sign("Anna", SIGNATURE, self.buyer_user.partner_id)
                if "body" not in values:
                    self.assertTrue(agreement._has_text_of_template())
                agreement.action_send()
                self.assertEqual(agreement.state, "sent")

    def test_writing_the_same_changes_nothing(self):
        agreement = self._create_sent(minimum_order_amount=5)
        agreement.write({"minimum_order_amount": 5, "partner_id": self.customer.id})
        agreement.user_id = self.env.ref("base.user_admin")
        self.assertEqual(agreement.state, "sent")

    def test_change_and_sending_in_one_write_is_a_draft(self):
        agreement = self._create_sent()
        agreement.write({"minimum_order_amount": 9000, "state": "sent"})
        self.assertEqual(agreement.state, "draft")

    def test_customer_is_not_shown_anothers_name(self):
        agreement = self._create_sent()
        agreement.write({"partner_id": self.rival.id})
        self.assertNotIn("Buyer Ltd", agreement.body)
        self.assertIn("Rival Ltd", agreement.body)

    def test_statement_hash_follows_all_that_the_page_states(self):
        agreement = self._create_sent().sudo()
        seen = {agreement._get_statement_hash()}
        term = self.env["account.payment.term"].create({"name": "45 days"})
        for values in (
            {"minimum_order_amount": 1},
            {"date_start": "2020-01-01"},
            {"date_end": False},
            {"pricelist_id": self.rival_pricelist.id},
            {"payment_term_id": term.id},
            {"po_number_required": True},
            {"body": "<p>x</p>"},
            {"partner_id": self.rival.id},
        ):
            agreement.write(values)
            seen.add(agreement._get_statement_hash())
        self.rival_pricelist.currency_id = self._get_other_currency()
        seen.add(agreement._get_statement_hash())
        self.rival.name = "Renamed Ltd"
        seen.add(agreement._get_statement_hash())
        self.assertEqual(len(seen), 11)

    def _get_other_currency(self):
        currencies = self.env["res.currency"].with_context(active_test=False)
        other = currencies.search([("id", "!=", self.company.currency_id.id)], limit=1)
        other.active = True
        return other

    def test_hash_is_the_same_in_every_language_and_for_everyone(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        term = self.env["account.payment.term"].create({"name": "45 days"})
        term.with_context(lang="pl_PL").name = "45 dni"
        agreement = self._create_sent(payment_term_id=term.id)
        expected = agreement._get_statement_hash()
        for user, lang in ((self.buyer_user, "pl_PL"), (self.seller_user, "en_US")):
            other = agreement.with_user(user).with_context(lang=lang)
            self.env.invalidate_all()
            self.assertEqual(other._get_statement_hash(), expected)

    # === WHAT IS NOT SENT === #

    def test_what_nobody_should_read_is_not_sent(self):
        today = fields.Date.today()
        archived = self._create_pricelist(name="Old list")
        template = self.env["b2b.agreement.template"].create(
            {"name": "t", "body": "<p>{{ custommer }}</p>"}
        )
        agreements = {
            "no text": self._create_agreement(body="<p><br></p>"),
            "{{ custommer }}": self._create_agreement(body=False, template_id=template.id),
            "{{": self._create_agreement(body="<p>{<b>{ customer }</b>}</p>"),
            "ended already": self._create_agreement(date_end=today - timedelta(days=1)),
            "archived": self._create_agreement(pricelist_id=archived.id),
        }
        archived.active = False
        for words, agreement in agreements.items():
            agreement = agreement.with_user(self.seller_user)
            with self.subTest(words=words):
                self.assertIn(words, agreement.signing_hint)
                for send in (
                    agreement.action_send,
                    lambda agreement=agreement: agreement.write({"state": "sent"}),
                ):
                    with self.assertRaises(UserError) as refusal, self.cr.savepoint():
                        send()
                    self.assertIn(words, str(refusal.exception))
                self.env.invalidate_all()
                self.assertEqual(agreement.state, "draft")
                self.assertFalse(agreement.message_ids.filtered("notification_ids"))
        with self.assertRaisesRegex(UserError, "no text"), self.cr.savepoint():
            self.template.search([]).active = False
            self.env["b2b.agreement"].with_user(self.seller_user).create(
                {"partner_id": self.customer.id, "state": "sent"}
            )

    def test_what_nobody_should_read_is_not_signed(self):
        agreement = self._create_sent().sudo()
        agreement.body = False
        with self.assertRaisesRegex(UserError, "not ready"):
            agreement._sign("Anna", SIGNATURE, self.buyer_user.partner_id)

    def test_pasted_placeholders_are_filled(self):
        self.template.body = (
            "<p>{{&nbsp;customer }} / {{ <b>pricelist</b> }} / <i>{{</i>number<i>}}</i></p>"
        )
        agreement = self._create_sent()
        for words in ("Buyer Ltd / ", "<b>Buyer list</b>", f"{agreement.name}"):
            self.assertIn(words, agreement.body)
        self.assertNotIn("{{", agreement.body)

    def test_edited_text_is_pointed_out(self):
        agreement = self._create_sent()
        self.assertFalse(agreement.signing_hint)
        agreement.body = "<p>Our own words</p>"
        self.assertIn("does not follow the terms", agreement.signing_hint)


class TestCopies(SealCommon):
    def test_duplicate_is_a_new_draft_with_its_own_text(self):
        first = self._create_sent(minimum_order_amount=500)
        copy = first.copy()
        self.assertEqual(copy.state, "draft")
        self.assertIn(copy.name, copy.body)
        self.assertNotIn(first.name, copy.body)
        copy.write(
            {
                "partner_id": self.rival.id,
                "pricelist_id": self.rival_pricelist.id,
                "minimum_order_amount": 0,
            }
        )
        copy.action_send()
        for words in ("Buyer", "500", first.name):
            self.assertNotIn(words, copy.body)
        self.assertIn("Rival list", copy.body)

    def test_duplicate_for_another_customer_at_once(self):
        copy = self._create_sent().copy({"partner_id": self.rival.id})
        self.assertIn("Rival Ltd", copy.body)
        self.assertNotIn("Buyer Ltd", copy.body)

    def test_negotiated_text_is_not_given_to_the_next_customer(self):
        edited = self._create_sent()
        edited.body = f"{edited.body}<p>Special clause of Buyer Ltd</p>"
        own = self._create_agreement(body="<p>Handwritten for Buyer Ltd</p>")
        for agreement in (edited, own):
            copy = agreement.copy()
            self.assertEqual(copy.template_id, self.template)
            self.assertTrue(copy._has_text_of_template())
            self.assertIn("not taken over", copy.message_ids.mapped("body")[0])
        several = (edited | own).copy()
        self.assertEqual(len(set(several.mapped("body"))), 2)

    def test_renewal_of_a_negotiated_text_has_its_own_number_and_dates(self):
        agreement = self._create_agreement(
            body=False,
            template_id=self.template.id,
            date_start="2027-01-01",
            date_end="2027-12-31",
        )
        agreement.body = f"{agreement.body}<p>Special clause, no 12/31/20277</p>"
        agreement.action_send()
        agreement._sign("Anna", SIGNATURE, self.buyer_user.partner_id)
        agreement.action_renew()
        renewal = agreement.renewal_ids
        for words in (agreement.name, "12/31/2027 ", "01/01/2027"):
            self.assertNotIn(words, renewal.body)
        for words in (renewal.name, "12/31/2028", "01/01/2028", "Special clause, no 12/31/20277"):
            self.assertIn(words, renewal.body)
        self.assertIn("read it before you send it", renewal.message_ids.mapped("body")[0])
