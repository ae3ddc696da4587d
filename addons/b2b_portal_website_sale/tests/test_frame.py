from unittest.mock import patch

from odoo.sql_db import Cursor
from odoo.tests import tagged

from .common import ShopCommon


@tagged("post_install", "-at_install")
class TestFrame(ShopCommon):
    """The website's frame around the pages of the B2B shop."""

    def _statements(self, url):
        """Return the SQL that a page asks, once all is kept that can be."""
        statements = []

        def execute(cursor, query, *args, **kwargs):
            statements.append(getattr(query, "code", query))
            return original(cursor, query, *args, **kwargs)

        self.url_open(url)
        original = Cursor.execute
        with patch.object(Cursor, "execute", execute):
            self.assertEqual(self.url_open(url).status_code, 200)
        return statements

    def test_frame_is_read_by_name(self):
        """Of the website and the template of a page, what is shown is read, and in one query."""
        self._login(self.buyer_user)
        for url in ("/my/b2b", f"/my/b2b/product/{self.product.id}", "/my/b2b/cart"):
            statements = self._statements(url)
            for table, needless in (("website", "cdn_filters"), ("ir_ui_view", "arch_prev")):
                with self.subTest(url=url, table=table):
                    read = [one for one in statements if f'FROM "{table}" WHERE' in one]
                    self.assertEqual(len(read), 1, read)
                    self.assertNotIn(f'"{needless}"', read[0])

    def test_title_and_description_of_a_page(self):
        """What an administrator writes for search engines stands in the page all the same."""
        self._login(self.buyer_user)
        template = self.env.ref("b2b_portal.portal_b2b_cart")
        template.write({"website_meta_title": "Qwert", "website_meta_description": "Asdfg"})
        page = self.url_open("/my/b2b/cart").text
        self.assertIn("<title>Qwert</title>", page)
        self.assertIn('content="Asdfg"', page)
