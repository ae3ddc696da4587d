from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.mail_delivery_retry.tests.common import create_users

from .common import AgreementCommon


@tagged("post_install", "-at_install")
class TestNaming(AgreementCommon):
    """Refusals name nothing that the user may not read."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.elsewhere = cls._create_seller_elsewhere().company_id
        groups = "base.group_user,base.group_partner_manager"
        cls.manager = create_users(cls.env, {"b2b_contacts": (groups, {})})

    def _get_refusal(self, call, *args):
        with self.assertRaises(UserError) as refused, self.cr.savepoint():
            call(*args)
            self.env.flush_all()
        self.env.invalidate_all()
        return str(refused.exception)

    def test_contact_of_another_company(self):
        far = self.env["res.partner"].create({"name": "Far Ltd", "is_company": True})
        contact = self.env["res.partner"].create({"name": "Far Anna", "parent_id": far.id})
        agreement = self._create_agreement().with_user(self.seller_user)
        for company, is_named in ((self.env["res.company"], True), (self.elsewhere, False)):
            (far | contact).company_id = company
            told = self._get_refusal(agreement.write, {"partner_id": contact.id})
            for name in ("Far Ltd", "Far Anna"):
                self.assertEqual(name in told, is_named, told)

    def test_overlapping_agreement(self):
        signed = self._create_signed_agreement()
        other = self._create_agreement(state="sent")
        for user, is_named in ((self.seller_user, True), (self.manager, False)):
            told = self._get_refusal(other.with_user(user).sudo().write, {"state": "signed"})
            self.assertEqual(signed.name in told, is_named, told)

    def test_customer_becomes_a_contact(self):
        trader = self.env["res.partner"].create({"name": "Jan Kowalski"})
        agreement = self._create_signed_agreement(partner_id=trader.id)
        far = self.env["res.partner"].create({"name": "Far Ltd", "is_company": True})
        self.seller_user.group_ids += self.env.ref("base.group_partner_manager")
        for user, company, is_named in (
            (self.seller_user, self.env["res.company"], True),
            (self.seller_user, self.elsewhere, False),
            (self.manager, self.env["res.company"], False),
        ):
            far.company_id = company
            told = self._get_refusal(trader.with_user(user).write, {"parent_id": far.id})
            self.assertEqual(agreement.name in told, is_named, told)
            self.assertEqual("Far Ltd" in told, is_named, told)

    def test_merged_customers(self):
        one = self._create_signed_agreement()
        other = self._create_signed_agreement(
            partner_id=self.rival.id, pricelist_id=self.rival_pricelist.id
        )
        ids = (self.customer | self.rival).ids
        self.seller_user.group_ids += self.env.ref("base.group_partner_manager")
        for user, is_named in ((self.seller_user, True), (self.manager, False)):
            wizard = self.env["base.partner.merge.automatic.wizard"].with_user(user)
            told = self._get_refusal(wizard._merge, ids)
            for agreement in (one, other):
                self.assertEqual(agreement.name in told, is_named, told)

    def test_archived_pricelist(self):
        agreement = self._create_agreement()
        self.pricelist.with_context(active_test=False).sudo().active = False
        told = self._get_refusal(agreement.with_user(self.seller_user).action_send)
        self.assertIn("Buyer list", told)
        self.env.cr.execute(
            "UPDATE product_pricelist SET company_id = %s WHERE id = %s",
            [self.elsewhere.id, self.pricelist.id],
        )
        self.env.invalidate_all()
        told = self._get_refusal(agreement.with_user(self.seller_user).action_send)
        self.assertNotIn("Buyer list", told)
