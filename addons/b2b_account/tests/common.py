from odoo import fields

from odoo.addons.b2b_portal.tests.pages import B2bPageCommon


class AccountCommon(B2bPageCommon):
    """Buyer Ltd with an administrator, a buyer with a record and one without; and its rival."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin_user = cls._create_portal_user("b2b_admin", parent_id=cls.customer.id)
        cls.administrator = cls._create_member(cls.admin_user, is_administrator=True)
        cls.member = cls._create_member(cls.buyer_user)
        cls.rival_admin = cls._create_member(cls.rival_user, is_administrator=True)
        cls._create_signed_agreement(partner_id=cls.rival.id, pricelist_id=cls.rival_pricelist.id)

    @classmethod
    def _create_member(cls, user, **values):
        return cls.env["b2b.member"].create({"partner_id": user.partner_id.id, **values})

    def _get_cart_problems(self, user=None):
        cart = self._get_cart(user)
        return cart._get_b2b_checkout_problems(self.agreement, cart.amount_untaxed)

    def _create_currency(self, rate):
        """Return a new currency's rate of today, of the seller."""
        return self.env["res.currency.rate"].create(
            {
                "currency_id": self.env["res.currency"].create({"name": "XBU", "symbol": "X"}).id,
                "company_id": self.company.id,
                "name": fields.Date.today(),
                "rate": rate,
            }
        )

    def _sell_in_another_currency(self, rate):
        """Give the customer's list a new currency; return its rate of today."""
        rate = self._create_currency(rate)
        self.pricelist.currency_id = rate.currency_id
        return rate
