from ..pricing import PriceLine
from .common import B2bCommon


class PricingCommon(B2bCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dozen = cls.env.ref("uom.product_uom_dozen")

    def _get_pricer(self, pricelist=None, **kwargs):
        pricelist = (self.pricelist if pricelist is None else pricelist).with_context(lang="en_US")
        return pricelist._get_pricer(self.company, **kwargs)

    def _get_price(self, product, quantity=1.0, uom=None, **kwargs):
        return self._get_pricer(**kwargs).prices([PriceLine(product, quantity, uom)])[0]

    def _create_tax(self, amount, **values):
        return self.env["account.tax"].create(
            {"name": f"Tax {amount}", "amount": amount, "company_id": self.company.id, **values}
        )
