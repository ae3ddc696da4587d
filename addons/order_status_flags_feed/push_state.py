from dataclasses import dataclass, field, replace
from typing import Any

# What a stored document and a row have in common; the file aside.
VALUES = ("date", "state", "covers", "tracking", "note")


@dataclass(slots=True, frozen=True)
class DocumentState:
    """A document as it is, or will be after the rows decided so far.

    :ivar values: ``{name: value}`` of ``VALUES``
    :ivar file: ``identity`` of its PDF, None without one
    :ivar record: ``sale.order.erp.document``, None while it is only planned
    """

    values: dict
    file: Any = None
    changed_at: Any = None
    record: Any = None

    @classmethod
    def make_new(cls):
        """Return a document of which nothing is known yet."""
        return cls({"date": False, "state": "open", "covers": "all", "tracking": "", "note": ""})

    @classmethod
    def from_record(cls, record):
        """Return what a stored document says.

        :param sale.order.erp.document record: sudo
        """
        pdf = record.attachment_id
        return cls(
            {name: record[name] or (False if name == "date" else "") for name in VALUES},
            (pdf.name, pdf.checksum) if pdf else None,
            record.changed_at,
            record,
        )

    def merge(self, row):
        """Return the document after a row: what the row leaves out stays.

        :param FeedRow row: one about a document
        """
        values = {**self.values, **row.document.values}
        if row.note:
            values["note"] = row.note
        file = row.document.file.identity if row.document.file else self.file
        return replace(self, values=values, file=file, changed_at=row.changed_at)

    def equals(self, other):
        """Whether both say the same, whenever they were changed."""
        return self.values == other.values and self.file == other.file


@dataclass(slots=True)
class PushState:
    """What the rows decided so far mean for the rows behind them.

    :ivar used_keys: keys that were applied or unchanged
    :ivar last_changes: ``{order id: moment of the last change of its flag}``
    :ivar orders: ``{reference: orders that have it}``
    :ivar flags: ``{flag of the ERP: flag here}``
    :ivar locked: ids of the orders that nobody else is changing
    :ivar documents: ``{(order id, kind, number): DocumentState}``
    """

    used_keys: set
    last_changes: dict
    orders: dict
    flags: dict
    locked: set
    documents: dict = field(default_factory=dict)

    def snapshot(self):
        """Return a copy to go back to."""
        return replace(
            self,
            used_keys=set(self.used_keys),
            last_changes=dict(self.last_changes),
            orders=dict(self.orders),
            documents=dict(self.documents),
        )

    def restore(self, before):
        """Go back to a copy, which stays as it is."""
        before = before.snapshot()
        self.used_keys, self.last_changes = before.used_keys, before.last_changes
        self.orders, self.documents = before.orders, before.documents

    def get_document(self, row):
        """Return the ``DocumentState`` of the document a row is about, or None."""
        return self.documents.get((row.order.id, *row.document.key))

    def get_last_change(self, row):
        """Return when what a row is about changed last, None when it never did."""
        if not row.document:
            return self.last_changes.get(row.order.id)
        document = self.get_document(row)
        return document and document.changed_at

    def settle(self, row):
        """Remember a row that was applied or unchanged."""
        self.used_keys.add(row.key)
        if not row.document:
            self.last_changes[row.order.id] = row.changed_at

    def move_reference(self, order, old, new):
        """Let the rows behind find an order by its new reference, no longer by the old one."""
        if old and old in self.orders:
            self.orders[old] -= order
        self.orders[new] = self.orders.get(new, order.browse()) | order
