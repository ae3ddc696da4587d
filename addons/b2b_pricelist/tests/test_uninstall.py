from odoo.tests import tagged

from ..hooks import _uninstall_hook
from .common import B2bCommon


@tagged("post_install", "-at_install")
class TestUninstall(B2bCommon):
    def test_agreed_prices_do_not_become_everyones(self):
        self.env.flush_all()
        _uninstall_hook(self.env)
        self.assertFalse(self.pricelist.active)
        self.assertFalse(self.pricelist.item_ids)
