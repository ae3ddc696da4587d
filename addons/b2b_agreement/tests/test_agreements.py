import hashlib
from datetime import date
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tests.common import freeze_time
from odoo.tools import mute_logger

from .common import SIGNATURE, AgreementCommon


@tagged("post_install", "-at_install")
class TestAgreements(AgreementCommon):
    # === IN FORCE === #

    def test_in_force_from_first_to_last_day_in_the_companys_time_zone(self):
        agreement = self._create_agreement(
            date_start="2026-03-01", date_end="2026-10-31", state="signed"
        )
        for tz, boundaries in {
            "Europe/Warsaw": (
                # Winter time at the start, and again at the end.
                ("2026-02-28 22:59:59", False),
                ("2026-02-28 23:00:00", True),
                ("2026-10-31 22:59:59", True),
                ("2026-10-31 23:00:00", False),
            ),
            "America/New_York": (
                ("2026-03-01 04:59:59", False),
                ("2026-03-01 05:00:00", True),
                ("2026-11-01 03:59:59", True),
                ("2026-11-01 04:00:00", False),
            ),
            False: (
                ("2026-02-28 23:59:59", False),
                ("2026-03-01 00:00:00", True),
                ("2026-10-31 23:59:59", True),
                ("2026-11-01 00:00:00", False),
            ),
        }.items():
            self.company.partner_id.tz = tz
            for moment, expected in boundaries:
                with self.subTest(tz=tz, moment=moment), freeze_time(moment):
                    self.env.invalidate_all()
                    self.assertEqual(agreement.is_in_force, expected)
                    found = self.buyer_user.partner_id._get_b2b_agreement()
                    self.assertEqual(bool(found), expected)
                    self.assertEqual(self._find_agreement(self.buyer_user.partner_id), found)
                    self.assertEqual(
                        agreement in agreement.search([("is_in_force", "=", True)]), expected
                    )
                    self.assertEqual(
                        agreement in agreement.search([("is_in_force", "=", False)]), not expected
                    )

    def test_in_force_only_when_signed(self):
        agreement = self._create_agreement()
        partner = self.buyer_user.partner_id
        self.assertFalse(partner.b2b_agreement_id | self._find_agreement(partner))
        agreement.action_send()
        self.assertFalse(partner.b2b_agreement_id | self._find_agreement(partner))
        agreement._sign("Anna", SIGNATURE, partner)
        self.assertEqual(partner.b2b_agreement_id, agreement)
        self.assertEqual(self.customer.b2b_agreement_id, agreement)
        self.assertEqual(self._find_agreement(partner), agreement)
        agreement.action_terminate()
        self.assertFalse(partner.b2b_agreement_id | self._find_agreement(partner))

    def test_open_ended_agreement_is_in_force(self):
        agreement = self._create_signed_agreement(date_end=False)
        self.assertTrue(agreement.is_in_force)
        self.assertEqual(self._find_agreement(self.customer), agreement)
        self.assertFalse(self._find_agreement(self.rival))

    def test_in_force_per_company(self):
        other = self.env["res.company"].create({"name": "Other Ltd"})
        agreement = self._create_signed_agreement()
        partner = self.buyer_user.partner_id
        self.assertEqual(partner.with_company(self.company).b2b_agreement_id, agreement)
        self.assertFalse(partner.with_company(other).b2b_agreement_id)

    def test_search_customers_by_agreement(self):
        agreement = self._create_signed_agreement()
        Partner = self.env["res.partner"]
        own = self.customer | self.buyer_user.partner_id
        everyone = own | self.rival | self.rival_user.partner_id
        scope = [("id", "in", everyone.ids)]
        self.assertEqual(Partner.search([*scope, ("b2b_agreement_id", "!=", False)]), own)
        self.assertEqual(Partner.search([*scope, ("b2b_agreement_id", "=", False)]), everyone - own)
        self.assertEqual(Partner.search([*scope, ("b2b_agreement_id", "=", agreement.id)]), own)
        self.assertEqual(
            Partner.search([*scope, ("b2b_agreement_id.name", "=", agreement.name)]), own
        )

    def test_agreement_lookup_takes_one_query(self):
        self._create_signed_agreement()
        partners = self.buyer_user.partner_id | self.buyer2_user.partner_id | self.rival
        partners._get_b2b_agreements()
        with self.assertQueryCount(1):
            found = partners._get_b2b_agreements()
        with self.assertQueryCount(1):
            self.assertEqual(partners._find_b2b_agreements(), found)
        self.assertEqual(len(found), 2)

    def test_page_asks_one_query_and_reads_no_agreement(self):
        agreement = self._create_signed_agreement()
        self.company.partner_id.tz = "Asia/Tokyo"
        Agreement = self.env["b2b.agreement"]
        for customer, expected in ((self.customer, agreement), (self.rival, agreement.browse())):
            self.env.flush_all()
            self.env.invalidate_all()
            self.assertTrue(self.company.parent_ids)  # a page has read its company
            with self.assertQueryCount(1):
                self.assertEqual(Agreement._find_in_force(customer, self.company), expected)

    # === TERMS === #

    def test_payment_terms_come_from_the_agreement(self):
        term = self.env["account.payment.term"].create({"name": "45 days"})
        self.customer.property_payment_term_id = self.env["account.payment.term"].create(
            {"name": "Usual"}
        )
        self._create_signed_agreement(payment_term_id=term.id)
        self.assertEqual(self._create_order([]).payment_term_id, term)
        order = self._create_order([], partner_id=self.rival.id)
        self.assertNotEqual(order.payment_term_id, term)

    # === WHAT WAS SIGNED === #

    def test_signature_seals_the_stored_text(self):
        agreement = self._create_agreement(body="<p onclick='x()'>Zażółć</p>", state="sent")
        agreement._sign("Anna", SIGNATURE, self.buyer_user.partner_id)
        self.env.flush_all()
        self.env.cr.execute("SELECT body FROM b2b_agreement WHERE id = %s", [agreement.id])
        stored = self.env.cr.fetchone()[0]
        self.assertEqual(agreement.signed_body_hash, hashlib.sha256(stored.encode()).hexdigest())
        self.assertTrue(agreement.is_body_intact)
        self.assertTrue(agreement.signed_on)

    def test_signed_text_and_signature_do_not_change(self):
        agreement = self._create_signed_agreement()
        for values in (
            {"body": "<p>Other</p>"},
            {"signature": False},
            {"signed_by": "Someone"},
            {"signed_on": fields.Datetime.now()},
            {"signed_body_hash": "0" * 64},
            {"partner_id": self.rival.id},
            {"state": "draft"},
            {"state": "sent"},
        ):
            with self.subTest(values=values), self.assertRaises(UserError):
                agreement.write(values)
            # The context of an RPC call is no key.
            with self.subTest(values=values), self.assertRaises(UserError):
                agreement.with_context(b2b_agreement_seal=True).write(values)
        agreement.action_terminate()
        with self.assertRaises(UserError):
            agreement.body = "<p>Other</p>"
        with self.assertRaises(UserError):
            agreement.state = "signed"
        with self.assertRaises(UserError):
            agreement.unlink()

    def test_changed_text_is_noticed(self):
        agreement = self._create_signed_agreement()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE b2b_agreement SET body = '<p>Forged</p>' WHERE id = %s", [agreement.id]
        )
        self.env.invalidate_all()
        self.assertFalse(agreement.is_body_intact)

    def test_copy_is_not_signed(self):
        copy = self._create_signed_agreement().copy()
        self.assertEqual(copy.state, "draft")
        self.assertFalse(copy.signature or copy.signed_by or copy.signed_body_hash)

    # === OVERLAP === #

    def test_overlap_is_refused_at_signing(self):
        self._create_agreement(date_start="2026-01-01", date_end="2026-12-31", state="signed")
        for start, end in (
            ("2026-12-31", "2027-01-01"),
            ("2025-01-01", "2026-01-01"),
            ("2025-01-01", False),
            ("2026-05-01", "2026-05-01"),
        ):
            other = self._create_agreement(date_start=start, date_end=end, state="sent")
            with self.subTest(start=start), freeze_time("2025-01-01 12:00:00"):
                with self.assertRaises(UserError), self.cr.savepoint():
                    other._sign("Anna", SIGNATURE, self.customer)
                self.env.invalidate_all()
                self.assertEqual(other.state, "sent")

    def test_neighbours_and_other_customers_do_not_overlap(self):
        self._create_agreement(date_start="2026-01-01", date_end="2026-12-31", state="signed")
        after = self._create_signed_agreement(date_start="2027-01-01", date_end="2127-01-01")
        rival = self._create_signed_agreement(
            partner_id=self.rival.id, date_start="2026-01-01", date_end="2126-12-31"
        )
        self.assertEqual((after | rival).mapped("state"), ["signed", "signed"])
        with self.assertRaises(ValidationError):
            after.date_start = "2026-12-31"

    def test_database_without_the_extension_is_told_and_goes_on(self):
        Agreement = self.env["b2b.agreement"]
        module = "odoo.addons.b2b_agreement.models.b2b_agreement.checks"
        with (
            patch.object(type(Agreement), "_has_overlap_constraint", lambda _self: False),
            patch(f"{module}.OVERLAP_DEFINITION", "EXCLUDE USING nothing"),
            patch(f"{module}._logger.info") as told,
        ):
            Agreement.init()
            told.assert_called_once()
            self.assertTrue(self._create_signed_agreement().is_in_force)

    # === ACTIONS === #

    def test_send_mails_the_customer_and_refuses_signed_ones(self):
        agreement = self._create_agreement()
        self.assertIs(agreement.action_send(), True)
        self.assertEqual(agreement.state, "sent")
        message = agreement.message_ids.filtered(lambda message: message.partner_ids)
        self.assertEqual(message.partner_ids, self.customer)
        self.assertIn(f"/my/agreements/{agreement.id}", message.body)
        with self.assertRaises(UserError):
            self._create_signed_agreement(partner_id=self.rival.id).action_send()

    def test_send_writes_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        self.env.ref("b2b_agreement.mail_template_agreement_send").with_context(
            lang="pl_PL"
        ).subject = "Umowa {{ object.name }} do podpisu"
        self.customer.lang = "pl_PL"
        agreement = self._create_agreement()
        agreement.action_send()
        subjects = [message.subject or "" for message in agreement.message_ids]
        self.assertIn("do podpisu", " ".join(subjects))

    def test_text_for_a_customer_without_language_is_in_that_of_the_company(self):
        """Whoever writes or reads it: a colleague's language is no change of the text."""
        self.env["res.lang"]._activate_lang("pl_PL")
        template = self.env["b2b.agreement.template"].create({"name": "T", "body": "<p>Terms</p>"})
        template.update_field_translations("body", {"pl_PL": {"Terms": "Warunki"}})
        self.company.partner_id.lang = "pl_PL"
        self.customer.lang = False
        agreement = self._create_agreement(template_id=template.id, body=False)
        for lang in ("en_US", "pl_PL"):
            read = agreement.with_context(lang=lang)
            read.action_render_body()
            self.assertIn("Warunki", read.body)
            self.assertTrue(read._has_text_of_template())

    def test_terminate_refuses_drafts_and_ended_ones(self):
        agreement = self._create_agreement()
        with self.assertRaises(UserError):
            agreement.action_terminate()
        agreement.action_send()
        self.assertIs(agreement.action_terminate(), True)
        with self.assertRaises(UserError):
            agreement.action_terminate()

    def test_bad_values_are_refused(self):
        for values in (
            {"date_start": "2026-02-02", "date_end": "2026-02-01"},
            {"minimum_order_amount": -1},
            {"partner_id": self.buyer_user.partner_id.id},
        ):
            with self.subTest(values=values), self.assertRaises(ValidationError):
                self._create_agreement(**values)

    def test_list_of_another_company_is_refused(self):
        other = self.env["res.company"].create({"name": "Other Ltd"})
        foreign = self._create_pricelist(company_id=other.id)
        with self.assertRaises(UserError):
            self._create_agreement(pricelist_id=foreign.id)
        self._create_agreement(pricelist_id=self._create_pricelist(company_id=False).id)

    def test_new_agreement_starts_from_the_first_template_and_follows_its_terms(self):
        template = self.env["b2b.agreement.template"].create(
            {"name": "First", "sequence": -1, "body": "<p>{{ pricelist }}, {{ minimum_order }}</p>"}
        )
        other_company = self.env["res.company"].create({"name": "Other Ltd"})
        self.env["b2b.agreement.template"].create(
            {"name": "Theirs", "sequence": -2, "body": "<p>x</p>", "company_id": other_company.id}
        )
        agreement = self._create_agreement(body=False)
        self.assertEqual(agreement.template_id, template)
        self.assertIn("Buyer list", agreement.body)
        agreement.write({"pricelist_id": self.rival_pricelist.id, "minimum_order_amount": 250})
        self.assertIn("Rival list", agreement.body)
        self.assertIn("250", agreement.body)
        # what somebody wrote stays
        agreement.body = "<p>Our own words</p>"
        agreement.minimum_order_amount = 100
        self.assertEqual(agreement.body, "<p>Our own words</p>")

    def test_text_of_an_agreement_made_on_the_form_names_its_customer(self):
        self.env["b2b.agreement.template"].create(
            {"name": "First", "sequence": -1, "body": "<p>{{ number }} with {{ customer }}</p>"}
        )
        form = Form(self.env["b2b.agreement"])
        form.partner_id = self.customer
        form.pricelist_id = self.pricelist
        agreement = form.save()
        self.assertIn(f"{agreement.name} with Buyer Ltd", agreement.body)
        form.partner_id = self.rival
        form.save()
        self.assertIn(f"{agreement.name} with Rival Ltd", agreement.body)

    def test_agreement_with_its_own_text_gets_no_template(self):
        self.env["b2b.agreement.template"].create({"name": "First", "body": "<p>x</p>"})
        self.assertFalse(self._create_agreement().template_id)

    def test_hint_says_what_keeps_the_customer_from_signing(self):
        agreement = self._create_agreement().with_user(self.seller_user)
        self.assertFalse(agreement.signing_hint)
        newcomer = self.env["res.partner"].create({"name": "Newcomer Ltd", "is_company": True})
        agreement = self._create_agreement(partner_id=newcomer.id).with_user(self.seller_user)
        self.assertIn("Nobody of Newcomer Ltd can log in", agreement.signing_hint)
        self.assertTrue(agreement.is_portal_access_missing)
        user = self._create_portal_user("b2b_newcomer", parent_id=newcomer.id)
        user.partner_id.email = False
        agreement.invalidate_recordset()
        self.assertIn("no e-mail address", agreement.signing_hint)
        self.assertFalse(agreement.is_portal_access_missing)
        newcomer.email = "office@newcomer.example.com"
        self.assertFalse(agreement.signing_hint)

    def test_hint_names_the_agreement_that_is_in_the_way(self):
        signed = self._create_signed_agreement(date_end=False)
        agreement = self._create_agreement().with_user(self.seller_user)
        self.assertIn(signed.name, agreement.signing_hint)
        agreement.write({"date_start": date(2300, 1, 1), "date_end": date(2300, 12, 31)})
        self.assertIn(signed.name, agreement.signing_hint, "it has no end")
        signed.action_terminate()
        agreement.invalidate_recordset()
        self.assertFalse(agreement.signing_hint)

    def test_portal_access_is_granted_by_those_who_manage_contacts(self):
        agreement = self._create_agreement()
        with self.assertRaises(AccessError):
            agreement.with_user(self.buyer_user).action_grant_portal_access()
        action = agreement.action_grant_portal_access()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        self.assertIn(self.buyer_user.partner_id, wizard.user_ids.partner_id)

    def test_text_is_made_from_the_template(self):
        template = self.env["b2b.agreement.template"].create(
            {"name": "T", "body": "<p>{{ customer }} / {{ pricelist }} / {{ unknown }}</p>"}
        )
        self.customer.name = "Buyer & <b>Sons</b>"
        agreement = self._create_agreement(body=False, template_id=template.id)
        self.assertIn("Buyer &amp; &lt;b&gt;Sons&lt;/b&gt; / Buyer list", agreement.body)
        self.assertIn("{{ unknown }}", agreement.body)

    # === ACCESS === #

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model")
    def test_portal_reads_own_sent_agreements_and_writes_none(self):
        own = self._create_signed_agreement()
        draft = self._create_agreement()
        foreign = self._create_signed_agreement(
            partner_id=self.rival.id, pricelist_id=self.rival_pricelist.id
        )
        foreign.message_subscribe(self.buyer_user.partner_id.ids)
        Agreement = self.env["b2b.agreement"].with_user(self.buyer_user)
        self.assertEqual(Agreement.search([]), own)
        for agreement in (draft, foreign):
            with self.assertRaises(AccessError):
                agreement.with_user(self.buyer_user).read(["name"])
        for method in ("action_terminate", "action_renew", "action_send", "unlink", "action_draft"):
            with self.subTest(method=method), self.assertRaises(UserError):
                getattr(own.with_user(self.buyer_user), method)()
        with self.assertRaises(AccessError):
            own.with_user(self.buyer_user).write({"minimum_order_amount": 0})
        with self.assertRaises(AccessError):
            own.with_user(self.buyer_user).read(["user_id"])

    def test_seller_makes_sends_and_ends_agreements(self):
        agreement = (
            self.env["b2b.agreement"]
            .with_user(self.seller_user)
            .create({"partner_id": self.customer.id, "pricelist_id": self.pricelist.id})
        )
        agreement.action_send()
        agreement.action_terminate()
        self.assertEqual(agreement.state, "terminated")
