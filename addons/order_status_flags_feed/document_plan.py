"""What the rows about documents come to, before anything is written."""

from odoo.addons.order_status_flags.status_plan import StatusPlan

# What each kind of open document means once it covers the whole order: the code of an event.
EVENTS = {
    "order": "erp_registered",
    "delivery": "erp_shipped",
    "invoice": "erp_invoiced",
    "receipt": "erp_invoiced",
}


def get_effect(kind, state):
    """Return what follows from a document: the code of an event, or None.

    :param str kind: of the document
    :param DocumentState state: as it is, or None when there is none
    """
    if state is None:
        return None
    if state.values["state"] == "cancelled":
        return "erp_cancelled" if kind == "order" else None
    return EVENTS[kind] if kind == "order" or state.values["covers"] == "all" else None


class DocumentPlan:
    """What is to be written for the rows about documents of a slice, in their order."""

    def __init__(self):
        self.keys = {}  # {(order id, kind, number): True when it is to be written in full}
        self.files = {}  # {key: DocumentFile}
        self.orders = {}  # {order: None}: those whose documents change
        self.references = {}  # {order: number in the ERP}
        self.opened = {}  # {code of an event: {order: None}}: documents that have become open
        self.cancelled = {}  # {order: None}: those that Odoo cancels
        self.notes = {}  # {order: [FeedRow or (old number, new number)]}

    def add(self, row, changes):
        """Remember that the document of a row is to be written.

        :param FeedRow row: one about a document
        :param bool changes: whether it changes at all, apart from its time
        """
        key = (row.order.id, *row.document.key)
        self.keys[key] = changes or self.keys.get(key, False)
        if not changes:
            return
        self.orders[row.order] = None
        if row.document.file:
            self.files[key] = row.document.file
        if row.note:
            self.notes.setdefault(row.order, []).append(row)

    def add_opened(self, row):
        """Remember that a document has become an open one."""
        self.opened.setdefault(EVENTS[row.document.kind], {})[row.order] = None

    def get_reference(self, order):
        """Return the number in the ERP that an order (sudo) has after the rows so far."""
        return self.references.get(order, order.external_ref or "")

    def set_reference(self, order, number):
        """Give an order its number in the ERP, and remember which one it replaces.

        :return: the number it had, "" for none
        """
        old = self.get_reference(order)
        self.references[order] = number
        if old:
            self.notes.setdefault(order, []).append((old, number))
        return old


class PushPlan(StatusPlan):
    """What the rows of a slice come to: changes of status and flag, and documents."""

    def __init__(self, rules, **options):
        super().__init__(rules, **options)
        self.documents = DocumentPlan()
