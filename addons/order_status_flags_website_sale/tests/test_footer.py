from odoo.tests import HttpCase, tagged


@tagged("post_install", "-at_install")
class TestFooter(HttpCase):
    def _has_link(self):
        page = self.url_open("/shop")
        self.assertEqual(page.status_code, 200)
        return 'href="/order/find"' in page.text

    def test_look_up_is_linked_while_it_is_there(self):
        company = self.env["website"].search([], limit=1).company_id
        self.assertTrue(self._has_link())
        self.assertEqual(self.url_open("/order/find").status_code, 200)
        for setting in ("order_status_lookup", "order_status_tracking_page"):
            company[setting] = False
            self.assertFalse(self._has_link(), setting)
            company[setting] = True
