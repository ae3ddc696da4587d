from odoo.addons.b2b_agreement.tests.common import AgreementCommon


class B2bCommon(AgreementCommon):
    """Two companies with a secret list each, a retail customer, and a few products."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.users"].browse(cls.env.uid).group_ids |= cls.env.ref(
            "product.group_product_pricelist"
        )
        cls.product = cls._create_product(name="Bolt", default_code="0042", list_price=110.47)
        cls.product_b = cls._create_product(name="Nut", default_code="0043", list_price=50.0)

    @classmethod
    def _create_pricelist(cls, **values):
        return super()._create_pricelist(**{"is_b2b": True, **values})

    @classmethod
    def _create_rule(cls, **values):
        return cls.env["product.pricelist.item"].create(
            {"pricelist_id": cls.pricelist.id, "compute_price": "percentage", **values}
        )

    @classmethod
    def _create_product(cls, **values):
        return cls.env["product.product"].create(
            {"name": "Product", "list_price": 100.0, "taxes_id": [(5,)], **values}
        )
