from odoo.exceptions import UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tests.common import freeze_time

from odoo.addons.b2b_agreement.tests.common import SIGNATURE

from .common import B2bCommon


@tagged("post_install", "-at_install")
class TestAgreementPrices(B2bCommon):
    """Which list a customer has, with and without an agreement."""

    def test_list_of_the_agreement_counts_from_the_first_to_the_last_day(self):
        self._create_agreement(date_start="2026-03-01", date_end="2026-10-31", state="signed")
        self.company.partner_id.tz = "Europe/Warsaw"
        for moment, expected in (
            ("2026-02-28 22:59:59", False),
            ("2026-02-28 23:00:00", True),
            ("2026-10-31 22:59:59", True),
            ("2026-10-31 23:00:00", False),
        ):
            with self.subTest(moment=moment), freeze_time(moment):
                self.env.invalidate_all()
                pricelist = self.buyer_user.partner_id.property_product_pricelist
                self.assertEqual(pricelist == self.pricelist, expected)

    def test_list_of_the_agreement_counts_from_the_signature(self):
        agreement = self._create_agreement(state="sent")
        partner = self.buyer_user.partner_id
        self.assertNotEqual(partner.property_product_pricelist, self.pricelist)
        agreement.state = "signed"
        self.assertEqual(partner.property_product_pricelist, self.pricelist)
        agreement.action_terminate()
        self.assertNotEqual(partner.property_product_pricelist, self.pricelist)

    def test_list_of_the_agreement_beats_the_customers_own(self):
        own = self._create_pricelist(name="Own", is_b2b=False)
        self.customer.property_product_pricelist = own
        agreement = self._create_signed_agreement()
        self.assertEqual(self.buyer_user.partner_id.property_product_pricelist, self.pricelist)
        agreement.action_terminate()
        self.assertEqual(self.buyer_user.partner_id.property_product_pricelist, own)

    def test_agreement_without_list_leaves_the_customers_own(self):
        own = self._create_pricelist(name="Own", is_b2b=False)
        self.customer.property_product_pricelist = own
        agreement = self._create_signed_agreement(pricelist_id=False)
        self.assertEqual(self.buyer_user.partner_id.property_product_pricelist, own)
        self.assertEqual(agreement._get_pricelist(), own)

    def test_b2b_lists_are_never_a_default(self):
        self.pricelist.sequence = 0
        stranger = self.env["res.partner"].create(
            {"name": "Stranger", "country_id": self.env.ref("base.pl").id}
        )
        self.assertFalse(stranger.property_product_pricelist.is_b2b)
        self.env["ir.config_parameter"].set_param(
            f"res.partner.property_product_pricelist_{self.company.id}", self.pricelist.id
        )
        self.env["product.pricelist"].search([("is_b2b", "=", False)]).active = False
        self.env.invalidate_all()
        self.assertFalse(stranger.property_product_pricelist.is_b2b)
        with self.assertRaises(ValidationError):
            self.pricelist.country_group_ids = self.env.ref("base.europe")

    def test_pricelist_of_a_signed_agreement_is_not_archived(self):
        agreement = self._create_signed_agreement()
        with self.assertRaises(UserError):
            self.pricelist.action_archive()
        agreement.action_terminate()
        self.pricelist.action_archive()
        self.assertFalse(self.pricelist.active)

    def test_pricelist_of_a_signed_agreement_is_not_opened_to_everyone(self):
        agreement = self._create_signed_agreement()
        with self.assertRaisesRegex(UserError, "Buyer Ltd"):
            self.pricelist.is_b2b = False
        agreement.action_terminate()
        self.pricelist.is_b2b = False
        self.assertFalse(self.pricelist.is_b2b)

    def test_refusal_names_no_customer_of_another_company(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        manager = new_test_user(self.env, "b2b_lists", groups="sales_team.group_sale_manager")
        self.pricelist.company_id = False
        self._create_signed_agreement(company_id=company.id)
        pricelist = self.pricelist.with_user(manager)
        with self.assertRaisesRegex(UserError, "you do not see"), self.cr.savepoint():
            pricelist.action_archive()
        self._create_signed_agreement(partner_id=self.rival.id)
        with self.assertRaisesRegex(UserError, "Rival") as refused, self.cr.savepoint():
            pricelist.action_archive()
        self.assertNotIn("Buyer Ltd", str(refused.exception))

    def test_pricelist_of_a_sent_agreement_stays_as_it_is(self):
        """The customer may sign at any moment, and then has these prices."""
        agreement = self._create_agreement()
        agreement.action_send()
        currencies = self.env["res.currency"].with_context(active_test=False)
        other = currencies.search([("id", "!=", self.company.currency_id.id)], limit=1)
        other.active = True
        manager = self.env.ref("base.user_admin")
        for values in ({"active": False}, {"is_b2b": False}, {"currency_id": other.id}):
            with self.subTest(values=values), self.assertRaisesRegex(UserError, "Buyer Ltd"):
                self.pricelist.with_user(manager).write(values)
        self.pricelist.with_user(manager).write(
            {"active": True, "is_b2b": True, "currency_id": self.pricelist.currency_id.id}
        )
        agreement.action_draft()
        self.pricelist.with_user(manager).write({"currency_id": other.id, "active": False})
        with self.assertRaisesRegex(UserError, "archived"):
            agreement.action_send()

    def test_agreement_whose_list_was_archived_meanwhile_is_not_signed(self):
        agreement = self._create_agreement()
        agreement.action_send()
        # past the guard, as an import into the database would
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE product_pricelist SET active = FALSE WHERE id = %s", [self.pricelist.id]
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "not ready"):
            agreement._sign("Anna", SIGNATURE, self.buyer_user.partner_id)

    def test_prices_hold_for_sellers_who_do_not_read_the_agreement(self):
        self._create_rule(percent_price=50)
        self._create_signed_agreement(user_id=self.seller_user.id)
        own = new_test_user(
            self.env, "b2b_own", groups="base.group_user,sales_team.group_sale_salesman"
        )
        line = (0, 0, {"product_id": self.product_b.id, "product_uom_qty": 2})
        order = self.env["sale.order"].with_user(own)
        order = order.create({"partner_id": self.customer.id, "order_line": [line]})
        self.assertEqual(order.pricelist_id, self.pricelist)
        self.assertEqual(order.order_line.price_subtotal, 50)

    def test_b2b_list_of_a_customer_gives_no_prices_without_agreement(self):
        partner = self.buyer_user.partner_id
        self.customer.property_product_pricelist = self.pricelist
        self.env.invalidate_all()
        self.assertEqual(self.customer.specific_property_product_pricelist, self.pricelist)
        for one in (partner, partner.with_user(self.buyer_user), self.customer):
            self.assertFalse(one.property_product_pricelist.sudo().is_b2b)
        self.assertFalse(self._create_order([]).pricelist_id.is_b2b)
        agreement = self._create_signed_agreement()
        self.assertEqual(partner.property_product_pricelist, self.pricelist)
        agreement.action_terminate()
        self.assertFalse(partner.property_product_pricelist.is_b2b)

    def test_pricelist_feature_is_on_and_stays_on(self):
        self.assertTrue(
            self.env["res.groups"]._is_feature_enabled("product.group_product_pricelist")
        )
        self._create_signed_agreement()
        settings = self.env["res.config.settings"].create({"group_product_pricelist": False})
        with self.assertRaises(UserError):
            settings.set_values()
