from datetime import timedelta

from odoo import fields
from odoo.tests import tagged
from odoo.tools import SQL

from .common import FeedCommon


@tagged("post_install", "-at_install")
class TestDocumentsPromise(FeedCommon):
    """An order that the ERP has shipped is not late, whatever Odoo's own transfers say."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # As pushes come: of today, at noon, wherever the tests run.
        cls.company.partner_id.tz = "Europe/Warsaw"

    def setUp(self):
        super().setUp()
        self.today = fields.Date.today()
        promised = fields.Datetime.now() - timedelta(days=5)
        self.order = self._create_order(commitment_date=promised)
        self.day = self.order.promised_date

    def _state(self):
        self.env.flush_all()
        self.env.invalidate_all()
        found = self.env["sale.order"].search(
            [("id", "=", self.order.id), ("promise_state", "=", self.order.promise_state)]
        )
        self.env["sale.order"]._cron_pass_promises()
        self.assertTrue(found)
        self.env.invalidate_all()
        return self.order.promise_state

    def _tell(self, moment, **document):
        row = {"changed_at": f"2026-03-01T12:{moment:02}:00+00:00", "key": f"promise-{moment}"}
        self.assertEqual(self._push_document(self.order, row=row, **document), "applied")

    def test_late_until_the_erp_has_shipped_the_whole(self):
        self.assertEqual(self._state(), "late")
        self._tell(1, kind="delivery", number="WZ 1", covers="part", date=str(self.day))
        self.assertEqual(self._state(), "late")
        self._tell(2, kind="delivery", number="WZ 2", date=str(self.day))
        self.assertEqual(self._state(), "kept")
        self.assertEqual(self.order.promise_fulfilled_on, self.day)
        self._tell(3, kind="delivery", number="WZ 2", state="cancelled")
        self.assertEqual(self._state(), "late")

    def test_shipped_after_the_promise(self):
        self._tell(1, kind="delivery", number="WZ 1", date=str(self.today))
        self.assertEqual(self._state(), "broken")

    def test_invoice_counts_where_no_deliveries_are_told(self):
        self._tell(1, date=str(self.day))
        self.assertEqual(self._state(), "kept")

    def _is_invoiced(self):
        self.env.flush_all()
        condition = self.order._get_invoiced_elsewhere_sql()
        query = SQL("SELECT %s FROM sale_order WHERE id = %s", condition, self.order.id)
        return self.env.execute_query(query)[0][0]

    def test_what_the_erp_has_invoiced_is_invoiced(self):
        """Other addons ask, of many orders at once: a part, or a delivery note, is no invoice."""
        self._tell(1, kind="delivery", number="WZ 1")
        self._tell(2, number="FS 1", covers="part")
        self.assertFalse(self._is_invoiced())
        self._tell(3, number="FS 2")
        self.assertTrue(self._is_invoiced())
        self._tell(4, number="FS 2", state="cancelled")
        self.assertFalse(self._is_invoiced())
        self._tell(5, kind="receipt", number="PA 1")
        self.assertTrue(self._is_invoiced())

    def test_what_the_erp_has_shipped_is_out_of_the_house(self):
        """Other addons ask: a part is with the customer, too, an invoice alone is not."""
        self.assertFalse(self.order._is_shipped_elsewhere())
        self._tell(1, date=str(self.day))
        self.assertFalse(self.order._is_shipped_elsewhere())
        self._tell(2, kind="delivery", number="WZ 1", covers="part", date=str(self.day))
        self.assertTrue(self.order._is_shipped_elsewhere())
        self._tell(3, kind="delivery", number="WZ 1", state="cancelled")
        self.assertFalse(self.order._is_shipped_elsewhere())
