from dataclasses import replace

from markupsafe import Markup

from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.order_status_flags.context_keys import KEEP_REJECTED
from odoo.addons.order_status_flags.status_change import StatusChange
from odoo.addons.order_status_flags.typed_text import keep_lines

from ...document_plan import get_effect
from ...push_state import DocumentState


class OrderFlagFeed(models.Model):
    """The way in: documents that the ERP made of orders, and what follows from them."""

    _inherit = "order.flag.feed"

    cancel_orders = fields.Boolean(
        string="Cancel orders",
        default=True,
        help="An order that is cancelled or deleted in the ERP is cancelled in Odoo too, unless it"
        " is invoiced, shipped or locked here. Off: it only gets the status for it.",
    )

    # === LOOKING UP === #

    def _find_documents(self, orders, rows):
        """Return ``{(order id, kind, number): DocumentState}`` of what the rows are about.

        :param sale.order orders: that the rows were found to be about
        :param list[FeedRow] rows: of any kind
        """
        numbers = {row.document.number for row in rows if row.document}
        if not numbers or not orders:
            return {}
        # More than the rows are about, and still one query: the pairs are told apart below.
        found = self.env["sale.order.erp.document"].search(
            [
                ("feed_id", "=", self.id),
                ("order_id", "in", orders.ids),
                ("number", "in", list(numbers)),
            ]
        )
        return {
            (document.order_id.id, document.kind, document.number): DocumentState.from_record(
                document
            )
            for document in found
        }

    # === DECIDING === #

    def _plan_document(self, row, state, plan):
        """Decide a row about a document: what is written, and what follows for the order.

        :param FeedRow row: of an order that was found
        :param PushState state: after the rows before it
        :param PushPlan plan: of the slice
        """
        if not row.order.was_placed:
            row.decide(
                "refused",
                self.env._(
                    "%(order)s is not an order yet: a quotation or cart has no documents.",
                    order=row.order.display_name,
                ),
            )
            return
        before = state.get_document(row)
        after = (before or DocumentState.make_new()).merge(row)
        changes = before is None or not after.equals(before)
        if changes and (refusal := self._plan_effect(row, before, after, state, plan)):
            row.decide("refused", refusal)
            return
        plan.documents.add(row, changes)
        state.documents[(row.order.id, *row.document.key)] = after
        row.decide("applied" if changes else "unchanged")

    def _plan_effect(self, row, before, after, state, plan):
        """Plan what follows when a document becomes what it was not before.

        :return: why it cannot be so, or False
        """
        is_open = after.values["state"] == "open"
        if is_open and (before is None or before.values["state"] != "open"):
            plan.documents.add_opened(row)
        effect = get_effect(row.document.kind, after)
        # What the document said before has brought about what it could.
        if effect is None or effect == get_effect(row.document.kind, before):
            return False
        if effect == "erp_cancelled" and self.cancel_orders:
            return self._plan_cancellation(row, plan)
        if effect == "erp_registered":
            self._plan_reference(row, state, plan)
        self._plan_event(row, plan, effect)
        return False

    def _plan_event(self, row, plan, code):
        """Plan the status that an event of the ERP sets, if it sets one."""
        present = plan.get_status(row.order)
        status = row.order._get_event_status(code, present)
        if status and status != present:
            change = StatusChange(row.order, status=status, note=self._get_document_label(row))
            # One that may not follow is refused by the plan, and passed over, as of any event.
            plan.add(change, any_path=code in row.order._get_unconditional_events())

    def _plan_reference(self, row, state, plan):
        """Plan that an order gets the number that the ERP has just given it."""
        number = row.document.number
        if plan.documents.get_reference(row.order) == number:
            return
        old = plan.documents.set_reference(row.order, number)
        # The orders were looked up once, by the numbers that they had before the push.
        if self.order_ref_field == "external_ref":
            state.move_reference(row.order, old, number)

    def _plan_cancellation(self, row, plan):
        """Plan that an order which the ERP has cancelled is cancelled here.

        :return: why it cannot be cancelled, or False
        """
        if plan.is_cancelled(row.order):
            return False
        # This feed's own open documents are no obstacle to its own cancellation.
        order = row.order.with_context(order_flag_feed=self)
        if obstacles := order._get_cancellation_obstacles():
            return self.env._(
                "%(order)s cannot be cancelled. %(reason)s",
                order=row.order.display_name,
                reason=obstacles[0],
            )
        # As with a flag that cancels: a rejected status that is there says more, and stays.
        if plan.get_status(row.order).category != "rejected":
            self._plan_event(row, plan, "order_cancelled")
        plan.add_cancellation(row.order)
        plan.documents.cancelled[row.order] = None
        return False

    def _get_document_label(self, row):
        return self.env["sale.order.erp.document"]._get_label(*row.document.key)

    # === WRITING === #

    def _apply_documents(self, plan, state):
        """Write the documents of a slice, and the numbers of the orders.

        :param PushPlan plan: of the slice
        :param PushState state: after its rows; gets the records that are made
        """
        self._store_documents(plan.documents, state)
        self._store_files(plan.documents, state)
        # Nothing to track: what is replaced gets a note of its own.
        orders = self.env["sale.order"].with_context(tracking_disable=True)
        for order, number in plan.documents.references.items():
            orders.browse(order.id).external_ref = number
        # A customer's cancellation that runs at this moment either came first, or starts anew
        # since the row of the order was changed, and sees the documents. The others are written.
        written = {*plan.documents.references, *(change.order for change in plan.to_apply)}
        touched = (order for order in plan.documents.orders if order not in written)
        orders.union(*touched)._touch_for_status()

    def _store_documents(self, documents, state):
        new, known = [], []
        for key, changes in documents.keys.items():
            (new if state.documents[key].record is None else known).append((key, changes))
        records = self.env["sale.order.erp.document"]._create_rows(
            [self._prepare_document(key, state.documents[key]) for key, _changes in new]
        )
        for (key, _changes), record in zip(new, records, strict=True):
            state.documents[key] = replace(state.documents[key], record=record)
        for key, changes in known:
            document = state.documents[key]
            if changes or document.changed_at != document.record.changed_at:
                document.record.write(
                    {**(document.values if changes else {}), "changed_at": document.changed_at}
                )

    def _prepare_document(self, key, document):
        order_id, kind, number = key
        return {
            "feed_id": self.id,
            "order_id": order_id,
            "kind": kind,
            "number": number,
            "changed_at": document.changed_at,
            **document.values,
        }

    def _store_files(self, documents, state):
        """Store the PDFs; one that is replaced goes."""
        if not documents.files:
            return
        records = [state.documents[key].record for key in documents.files]
        replaced = self.env["sale.order.erp.document"].union(*records).attachment_id
        attachments = self.env["ir.attachment"].create(
            [
                {
                    "name": file.name,
                    "raw": file.content,
                    "mimetype": "application/pdf",
                    # Readable by whoever reads the document; customers go by its route.
                    "res_model": record._name,
                    "res_id": record.id,
                }
                for record, file in zip(records, documents.files.values(), strict=True)
            ]
        )
        for record, attachment in zip(records, attachments, strict=True):
            record.attachment_id = attachment
        replaced.unlink()

    def _follow_documents(self, documents):
        """Do what follows from the documents of a slice, after the statuses are written.

        :raise UserError: when an order cannot be cancelled
        """
        orders = self.env["sale.order"].with_context(order_flag_feed=self)
        self._cancel_orders(orders.union(*documents.cancelled))
        going_on = (order for order in documents.orders if order not in documents.cancelled)
        orders.union(*going_on)._after_outside_documents()
        for code, opened in documents.opened.items():
            orders.union(*opened)._tell_against_rejection(code)
        if documents.notes:
            orders.union(*documents.notes)._log_erp_notes(
                {
                    order.id: Markup().join(self._get_log_entry(entry) for entry in entries)
                    for order, entries in documents.notes.items()
                }
            )

    def _cancel_orders(self, orders):
        if not orders:
            return
        # The status was written with the others: no second one.
        orders = orders.with_context(order_status_keep_rejected=KEEP_REJECTED)
        orders.action_cancel()
        # Other addons may answer with a question to a person, and cancel nothing.
        if any(order.state != "cancel" for order in orders):
            raise UserError(self.env._("The order can be cancelled in Odoo by hand only."))

    def _get_log_entry(self, entry):
        """Return what the messages of the order say about a row, for colleagues.

        :param entry: a ``FeedRow`` with a note, or the old and the new number in the ERP
        :rtype: Markup
        """
        if isinstance(entry, tuple):
            old, new = entry
            text = self.env._("Number in the ERP: %(old)s → %(new)s", old=old, new=new)
            return Markup("<p>%s</p>") % text
        return Markup("<p><b>%s</b><br/>%s</p>") % (
            self._get_document_label(entry),
            keep_lines(entry.note),
        )
