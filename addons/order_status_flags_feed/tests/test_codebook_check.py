from odoo.tests import tagged

from .common import FeedCommon


@tagged("post_install", "-at_install")
class TestCodebookCheck(FeedCommon):
    def _find(self):
        found = self.env["sale.order.status"]._find_codebook_findings()
        return [f.record for f in found if f.record._name == "order.flag.feed.mapping"]

    def test_mapping_to_an_archived_flag_is_found(self):
        self.assertEqual(self._find(), [])
        flag = self._create_flag("Old")
        mapping = self.feed.mapping_ids[0]
        mapping.flag_id = flag
        flag.active = False
        self.assertEqual(self._find(), [mapping])
        self.assertTrue(self.env(user=self.manager)["sale.order.status"].action_check_codebook())
