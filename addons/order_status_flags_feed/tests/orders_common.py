import json
from pathlib import Path
from unittest.mock import patch

from .common import FeedCommon

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "docs" / "schemas" / "erp-order.schema.json").read_text()
)
ADDRESS_KEYS = {
    *("id", "ref", "name", "company", "is_company", "vat", "email", "phone", "street", "street2"),
    *("zip", "city", "state", "country"),
}


class OrdersCommon(FeedCommon):
    """A feed that fetches orders which are made in the same transaction."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The database may hold orders of others.
        cls.feed.export_domain = "[('partner_id.name', '=', 'Wholesale Buyer')]"

    def setUp(self):
        super().setUp()
        # Other transactions on the database server must not matter here.
        feeds = type(self.env["order.flag.feed"])
        self.startPatcher(patch.object(feeds, "_get_settled_border", self._get_border))
        self.cursor = self._read_all()[1]

    def _get_border(self):
        self.env.cr.execute("SELECT pg_current_xact_id()::text::bigint")
        number = self.env.cr.fetchone()[0]
        number += self.env["sale.order.status.history"]._get_position_offset()
        return (number, True), number + 1

    def _read_all(self, cursor=False, feed=None, limit=500):
        """Return all orders from a cursor on, and the cursor behind them."""
        found = []
        while True:
            page = (feed or self.as_client).orders(cursor, limit=limit)
            self.assertLessEqual(len(page["orders"]), limit)
            found += page["orders"]
            cursor = page["cursor"]
            if not page["more"]:
                return found, cursor

    def _news(self, feed=None):
        """Return the orders that came since the last look."""
        found, self.cursor = self._read_all(self.cursor, feed)
        return found

    def _place(self, **values):
        return self._create_order(**{"document_type": "web", **values})
