from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import AgreementCommon


@tagged("post_install", "-at_install")
class TestCustomers(AgreementCommon):
    """What becomes of agreements when their customers change."""

    def test_customer_of_an_agreement_becomes_no_contact(self):
        trader = self.env["res.partner"].create({"name": "Jan Kowalski"})
        subsidiary = self.env["res.partner"].create(
            {"name": "Daughter", "is_company": True, "parent_id": self.rival.id}
        )
        for partner, values in (
            (trader, {"parent_id": self.customer.id}),
            (subsidiary, {"is_company": False}),
        ):
            agreement = self._create_agreement(partner_id=partner.id)
            for state in ("draft", "sent", "signed"):
                agreement.state = state
                with (
                    self.subTest(partner=partner.name, state=state),
                    self.assertRaisesRegex(UserError, "End the agreement first"),
                    self.cr.savepoint(),
                ):
                    partner.write(values)
                self.env.invalidate_all()
                self.assertEqual(partner.commercial_partner_id, partner)
            self.assertEqual(partner.b2b_agreement_id, agreement)
            agreement.action_terminate()
            partner.write(values)
            self.assertNotEqual(partner.commercial_partner_id, partner)
            self.assertFalse(partner.b2b_agreement_id)

    def test_ended_agreement_is_no_obstacle(self):
        trader = self.env["res.partner"].create({"name": "Jan Kowalski"})
        self._create_agreement(
            partner_id=trader.id, state="signed", date_start="2020-01-01", date_end="2020-12-31"
        )
        with Form(trader) as form:
            form.parent_id = self.customer
        self.assertEqual(trader.commercial_partner_id, self.customer)

    def test_archived_customer_keeps_the_agreement(self):
        agreement = self._create_signed_agreement()
        self.customer.active = False
        self.assertTrue(agreement.is_in_force)
        self.assertIn(agreement, agreement.search([("is_in_force", "=", True)]))
        self.assertEqual(self.buyer_user.partner_id._get_b2b_agreement(), agreement)

    def _opens_messages(self, agreement, token):
        """Whether the link of an e-mail opens the messages, without a login."""
        agreements = self.env["b2b.agreement"].with_user(self.env.ref("base.public_user"))
        self.env.invalidate_all()
        return bool(agreements._get_thread_with_access(agreement.id, token=token))

    def test_links_of_a_former_contact_open_nothing(self):
        agreement, other = self._create_signed_agreement(), self._create_agreement(state="sent")
        tokens = {one: one._portal_ensure_token() for one in agreement | other}
        for one, token in tokens.items():
            self.assertTrue(self._opens_messages(one, token))
        self.buyer_user.partner_id.parent_id = self.rival
        for one, token in tokens.items():
            self.assertFalse(self._opens_messages(one, token))
        self.assertTrue(agreement.is_body_intact)

    def test_links_end_when_the_agreement_is_for_another_customer(self):
        agreement = self._create_agreement(state="sent")
        token = agreement._portal_ensure_token()
        agreement.with_user(self.seller_user).partner_id = self.rival
        self.assertFalse(self._opens_messages(agreement, token))

    def test_former_contact_signs_and_reads_nothing(self):
        agreement = self._create_agreement(state="sent")
        self.assertTrue(agreement.with_user(self.buyer_user).has_access("read"))
        self.buyer_user.partner_id.parent_id = self.rival
        self.assertFalse(agreement.with_user(self.buyer_user).has_access("read"))
        self.buyer_user.partner_id.parent_id = False
        self.assertFalse(agreement.with_user(self.buyer_user).has_access("read"))

    def test_customers_with_agreements_at_other_times_are_merged(self):
        agreement = self._create_signed_agreement()
        old = self._create_agreement(
            partner_id=self.rival.id,
            state="signed",
            date_start="2020-01-01",
            date_end="2020-12-31",
        )
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard._merge((self.customer | self.rival).ids, self.rival)
        self.env.invalidate_all()
        self.assertEqual((agreement | old).partner_id, self.rival)
        self.assertEqual(self.rival_user.partner_id._get_b2b_agreement(), agreement)

    # === MERGED CONTACTS === #

    def test_contact_that_is_merged_away_leaves_its_company(self):
        agreement = self._create_signed_agreement()
        twin = self.env["res.partner"].create({"name": "Twin", "parent_id": self.customer.id})
        agreement.message_subscribe(twin.ids)
        agreement._portal_ensure_token()
        link = agreement.access_token
        partner = self.rival_user.partner_id
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((twin | partner).ids, partner)
        self.assertEqual(partner.commercial_partner_id, self.rival)
        self.assertNotIn(partner, agreement.message_partner_ids)
        self.assertNotEqual(agreement.access_token, link)

    def test_contacts_of_one_company_stay_with_it_when_merged(self):
        agreement = self._create_signed_agreement()
        twin = self.env["res.partner"].create({"name": "Twin", "parent_id": self.customer.id})
        agreement.message_subscribe(twin.ids)
        partner = self.buyer_user.partner_id
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((twin | partner).ids, partner)
        self.assertIn(partner, agreement.message_partner_ids)


@tagged("post_install", "-at_install")
class TestBranches(AgreementCommon):
    """An agreement with a company holds in its branches."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.branch = cls.env["res.company"].create({"name": "Branch", "parent_id": cls.company.id})
        cls.env.user.company_ids = [Command.link(cls.branch.id)]
        cls.agreement = cls._create_signed_agreement()
        cls.contact = cls.buyer_user.partner_id

    def test_in_force_in_the_branch(self):
        agreement = self.contact._get_b2b_agreement(self.branch)
        self.assertEqual(agreement, self.agreement)
        self.assertEqual(agreement._get_selling_company(), self.branch)
        self.assertEqual(self.contact.with_company(self.branch).b2b_agreement_id, self.agreement)
        self.assertEqual(
            self.contact._get_b2b_agreement(self.company)._get_selling_company(), self.company
        )
        other = self.env["res.company"].create({"name": "Other"})
        self.assertFalse(self.contact._get_b2b_agreement(other))
        self.assertEqual(self._find_agreement(self.contact, self.branch), self.agreement)
        self.assertFalse(self._find_agreement(self.contact, other))

    def test_agreement_of_the_branch_comes_first(self):
        own = self._create_signed_agreement(company_id=self.branch.id, date_start="2020-01-01")
        self.assertEqual(self.contact._get_b2b_agreement(self.branch), own)
        self.assertEqual(self.contact._get_b2b_agreement(self.company), self.agreement)
        self.assertEqual(self._find_agreement(self.contact, self.branch), own)
        self.assertEqual(self._find_agreement(self.contact, self.company), self.agreement)
        own.action_terminate()
        self.assertEqual(self.contact._get_b2b_agreement(self.branch), self.agreement)

    def test_agreement_of_the_branch_has_a_list_of_the_company(self):
        own = self._create_agreement(company_id=self.branch.id)
        self.assertEqual(own.pricelist_id.company_id, self.company)

    def test_order_of_the_branch(self):
        term = self.env["account.payment.term"].create({"name": "45 days"})
        self.agreement.payment_term_id = term
        order = self._create_order([], partner_id=self.contact.id, company_id=self.branch.id)
        self.assertEqual(order.payment_term_id, term)

    def test_seller_of_the_branch_reads_it(self):
        self.seller_user.write(
            {"company_ids": [Command.set(self.branch.ids)], "company_id": self.branch.id}
        )
        agreement = self.agreement.with_user(self.seller_user)
        self.assertTrue(agreement.has_access("read"))
        self.assertEqual(agreement.search([("id", "=", agreement.id)]), agreement)
