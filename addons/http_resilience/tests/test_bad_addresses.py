from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import ResilienceCommon


@tagged("post_install", "-at_install")
class TestBadAddresses(ResilienceCommon):
    def setUp(self):
        super().setUp()
        self._login()

    @mute_logger("odoo.http", "odoo.sql_db")
    def test_page_is_shown_without_the_parameter_that_broke_it(self):
        for query in ("sortby=nonsense", "number=99999999999", "number=x", "sortby=x&other=1"):
            response = self.url_open(f"{self.PAGE}?{query}", allow_redirects=False)
            self.assertEqual(response.status_code, 303, query)
            self.assertURLEqual(response.headers["Location"], self.PAGE)

    @mute_logger("odoo.http", "odoo.sql_db")
    def test_number_that_is_too_large_is_not_found(self):
        self.assertEqual(self.url_open(f"{self.PAGE}/7").text, "7")
        self.assertEqual(self.url_open(f"{self.PAGE}/99999999999").status_code, 404)

    @mute_logger("odoo.http")
    def test_token_in_the_address_is_kept(self):
        response = self.url_open(f"{self.PAGE}?sortby=nonsense&access_token=abc")
        self.assertEqual((response.status_code, response.text), (200, "abc"))

    def test_good_parameters_stay(self):
        response = self.url_open(f"{self.PAGE}?sortby=date", allow_redirects=False)
        self.assertEqual(response.status_code, 200)

    @mute_logger("odoo.http")
    def test_forms_fail_aloud(self):
        response = self.url_open(f"{self.PAGE}?sortby=nonsense", method="POST")
        self.assertEqual(response.text, "written")
