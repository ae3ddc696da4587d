import re

from odoo import Command
from odoo.tests import HttpCase

from odoo.addons.b2b_pricelist.tests.common import B2bCommon

# Words and amounts that stand for the secrets of one customer; they occur nowhere else. Not within
# longer numbers: pictures are drawn by such.
SECRETS = re.compile(r"Zyxwv|(?<![\d.])(?:73[.,]19|17[.,]77|4[.,]?321[.,]25)(?!\d)")
# The discount of a product holds on every B2B pricelist: others who have one read theirs.
SHARED_SECRETS = ("17.77", "17,77")


class ShopCommon(B2bCommon, HttpCase):
    """A published product with a retail price, and one B2B customer with secret prices."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.website = cls.env["website"].search([("company_id", "=", cls.company.id)], limit=1)
        cls.retail_pricelist = cls.env["product.pricelist"].create(
            {
                "name": "Retail",
                "sequence": 0,
                "selectable": True,
                "company_id": cls.company.id,
                "website_id": cls.website.id,
            }
        )
        cls.pricelist.write({"name": "Zyxwv list", "sequence": 0, "selectable": True})
        cls.agreement = cls._create_signed_agreement(
            minimum_order_amount=4321.25, body="<p>Zyxwv list terms</p>"
        )
        cls.rival_agreement = cls._create_signed_agreement(
            partner_id=cls.rival.id, pricelist_id=cls.rival_pricelist.id
        )
        cls.product.write(
            {"list_price": 200.0, "is_published": True, "website_sequence": 1, "name": "Bolt M8"}
        )
        cls.product_b.write({"b2b_discount": 17.77, "is_published": True})
        cls._create_rule(
            compute_price="fixed",
            fixed_price=73.19,
            product_tmpl_id=cls.product.product_tmpl_id.id,
        )
        cls._create_rule(
            pricelist_id=cls.rival_pricelist.id,
            compute_price="fixed",
            fixed_price=150.42,
            product_tmpl_id=cls.product.product_tmpl_id.id,
        )

    def _login(self, user):
        if user:
            self.authenticate(user.login, user.login)
        else:
            self.authenticate(None, None)

    def _assert_no_secret(self, text, where, own=None):
        """Fail when a text holds what the customer alone may know.

        :param own: the user who reads it, where that may be a B2B customer's own page
        """
        for found in SECRETS.finditer(text):
            if own != self.rival_user or found[0] not in SHARED_SECRETS:
                around = text[max(0, found.start() - 200) : found.end() + 60]
                self.fail(f"{found[0]} at {where}: ...{around}")

    def _get_strangers(self):
        return {
            "rival": self.rival_user,
            "retail": self.retail_user,
            "public": self.env.ref("base.public_user"),
        }

    def _add_to_cart(self, quantity=1):
        return self.make_jsonrpc_request(
            "/shop/cart/add",
            {
                "product_template_id": self.product.product_tmpl_id.id,
                "product_id": self.product.id,
                "quantity": quantity,
            },
        )

    def _get_cart(self, partner):
        return self.env["sale.order"].search(
            [("partner_id", "=", partner.id), ("website_id", "!=", False)], limit=1
        )

    @classmethod
    def _set_tax_free(cls):
        cls.product.taxes_id = [Command.clear()]
