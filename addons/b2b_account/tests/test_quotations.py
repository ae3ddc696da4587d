from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .quotations import QuotationCommon


@tagged("post_install", "-at_install")
class TestQuotations(QuotationCommon):
    """Quotations of the seller: accepted and paid by whoever may order, and nobody else."""

    @classmethod
    def _create_offer(cls, **values):
        return super()._create_offer(**{"require_payment": True, **values})

    def test_quotation_is_not_signed_by_whoever_may_not_order(self):
        order = self._create_order(
            [(self.product, 1)], partner_id=self.buyer_user.partner_id.id, require_signature=True
        )
        order.action_quotation_sent()
        self.member.may_order = False
        for user in (self.buyer_user, None):  # by login, and by the link of the e-mail
            self.assertIn(self.customer.name, self._accept(user, order)["error"])
        self.member.write({"may_order": True, "order_limit": 1})
        self.assertIn("limit", self._accept(self.buyer_user, order)["error"])
        self.assertEqual(order.state, "sent")
        self.member.order_limit = 0
        self.assertNotIn("error", self._accept(self.buyer_user, order))
        self.assertEqual(order.state, "sale")

    def test_stranger_with_the_link_stands_for_the_contact(self):
        self.member.may_order = False
        for user in (self.retail_user, self.rival_user):
            with self.subTest(user.login):
                self.assertIn(self.customer.name, self._accept(user)["error"])
        self.assertFalse(self.offer.signature)
        self.member.may_order = True
        self.assertNotIn("error", self._accept(self.rival_user), "as Odoo has it")

    def test_page_offers_no_button_that_would_be_refused(self):
        self.member.may_order = False
        for user in (self.buyer_user, None):
            self.authenticate(None, None)
            if user:
                self._login(user)
            response = self._get(self._url())
            self.assertIn("order for Buyer Ltd", " ".join(self._alerts(response)))
            found = "//*[@data-bs-target='#modalaccept' or @id='modalaccept']"
            self.assertFalse(self._page(response).xpath(found))
        self.offer.require_signature = False  # to be paid only
        self.assertFalse(self._page(self._get(self._url())).xpath(found))
        self.member.may_order = True
        self.assertTrue(self._page(self._get(self._url())).xpath(found))

    def test_link_of_a_payment_offers_no_button_that_would_be_refused(self):
        order = self._create_offer(require_signature=False, require_payment=False)
        url = f"{self._url(order)}&payment_amount=100"
        found = "//*[@data-bs-target='#modalaccept']"
        self.authenticate(None, None)
        self.assertTrue(self._page(self._get(url)).xpath(found))
        self.member.may_order = False
        self.env.flush_all()
        self.assertFalse(self._page(self._get(url)).xpath(found))

    def test_payment_that_places_nothing_is_for_everybody(self):
        """One orders, another one pays."""
        self.member.may_order = False
        partner = self.buyer_user.partner_id
        self.assertTrue(self.offer._get_b2b_acceptance_problems(partner))
        self.offer.action_confirm()
        self.assertFalse(self.offer._get_b2b_acceptance_problems(partner))

    def test_payment_of_a_quotation_by_its_link(self):
        order = self._create_offer(require_signature=False)
        self.member.may_order = False
        params = {"access_token": order._portal_ensure_token()}
        self.env.flush_all()
        for user in (self.buyer_user, self.rival_user, None):
            self.authenticate(None, None)
            if user:
                self._login(user)
            with mute_logger("odoo.http"):
                answer = self.url_open(
                    f"/my/orders/{order.id}/transaction", json={"params": params}
                )
            self.assertIn("Buyer Ltd", answer.json()["error"]["data"]["message"])
        self.assertFalse(order.transaction_ids)

    def test_contact_who_has_left_gives_no_right(self):
        self.buyer_user.partner_id.parent_id = self.rival
        self.customer.b2b_default_rights = "look"
        self.assertIn(self.customer.name, self._accept()["error"])

    def test_sellers_people_are_not_asked(self):
        user = new_test_user(
            self.env,
            "b2b_helper",
            groups="base.group_user,sales_team.group_sale_salesman_all_leads",
        )
        self.member.may_order = False
        self._login(user)
        self.assertNotIn("order for Buyer Ltd", self._get(self._url()).text)
