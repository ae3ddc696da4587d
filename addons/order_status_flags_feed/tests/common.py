import base64

from odoo.fields import Command
from odoo.tests import new_test_user

from odoo.addons.order_status_flags.tests.common import OrderStatusCommon

MOMENT = "2026-03-01T12:00:00+01:00"
LATER = "2026-03-02T12:00:00+01:00"
PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"


class FeedCommon(OrderStatusCommon):
    """A feed with two mapped flags, its client, and orders that it reaches."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Hundreds of orders are made here; where stock is installed, none need be delivered.
        cls.product.type = "service"
        cls.feed = cls._create_feed()
        cls.client = new_test_user(
            cls.env,
            "test_feed_client",
            groups="order_status_flags_feed.group_feed_client",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.as_client = cls.feed.with_user(cls.client)

    @classmethod
    def _create_feed(cls, **values):
        return cls.env["order.flag.feed"].create(
            {
                "name": "Subiekt",
                "system": "subiekt_gt",
                "mapping_ids": [
                    Command.create(
                        {
                            "external_flag": "W trakcie realizacji",
                            "flag_id": cls.flag_in_progress.id,
                        }
                    ),
                    Command.create({"external_flag": "Odrzucone", "flag_id": cls.flag_rejected.id}),
                ],
                **values,
            }
        )

    def _row(self, order=None, **values):
        """A good row; None as a value leaves the field out."""
        self._count = getattr(self, "_count", 0) + 1
        row = {
            "key": f"key-{self._count}",
            "order": order.name if order else "S-none",
            "flag": "W trakcie realizacji",
            "note": "",
            "changed_at": MOMENT,
        }
        row.update(values)
        return row

    def _push(self, *rows, feed=None):
        return (feed or self.as_client).push(list(rows))

    def _push_one(self, order=None, feed=None, **values):
        return self._push(self._row(order, **values), feed=feed)[0]["result"]

    def _document_row(self, order=None, kind="invoice", number="FS 1/2026", row=None, **document):
        """A good row about a document; None as a value leaves the field out of the document."""
        document = {"kind": kind, "number": number, "date": "2026-03-01", **document}
        document = {name: value for name, value in document.items() if value is not None}
        values = self._row(order)
        values.pop("flag")
        return {**values, **(row or {}), "document": document}

    def _push_document(self, order=None, feed=None, **values):
        return self._push(self._document_row(order, **values), feed=feed)[0]["result"]

    def _documents(self, order):
        return self.env["sale.order.erp.document"].search([("order_id", "=", order.id)])

    @staticmethod
    def _file(content=PDF, name="FS-1.pdf"):
        return {"name": name, "content": base64.b64encode(content).decode()}
