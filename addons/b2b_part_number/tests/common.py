from odoo.addons.b2b_portal.tests.pages import B2bPageCommon


class PartNumberCommon(B2bPageCommon):
    """Buyer Ltd calls the bolt `X-1`, Rival Ltd calls the nut so."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rival_agreement = cls._create_signed_agreement(
            partner_id=cls.rival.id, pricelist_id=cls.rival_pricelist.id
        )
        cls.own = cls._create_number(cls.product, "X-1")
        cls.rivals = cls._create_number(cls.product_b, "X-1", partner=cls.rival)

    @classmethod
    def _create_number(cls, product, number, partner=None):
        return cls.env["customer.product.reference"].create(
            {
                "partner_id": (partner or cls.customer).id,
                "product_id": product.id,
                "customer_product_reference": number,
            }
        )

    def _numbers(self, partner=None):
        self.env.invalidate_all()
        own = self.env["customer.product.reference"].search(
            [("partner_id", "=", (partner or self.customer).id)]
        )
        return {one.product_id.default_code: one.customer_product_reference for one in own}
