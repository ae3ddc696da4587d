import json
import time

import psycopg2

from odoo import fields, models
from odoo.exceptions import LockError, UserError
from odoo.fields import Domain
from odoo.tools import mute_logger

from odoo.addons.order_status_flags.status_change import KEEP, StatusChange

from ...document_plan import PushPlan
from ...feed_row import MAX_BYTES, MAX_ROWS, SETTLED
from ...push_state import PushState

# Rows that are written in one go; when that fails, the slice is halved.
SLICE = 1000
# How long a push waits for orders that somebody else is changing, in seconds.
ORDER_WAIT = 3.0
# How long it waits for another push of the same feed, which can be a big one.
FEED_WAIT = "20s"


class OrderFlagFeed(models.Model):
    """The way in: flags and documents of orders that were changed in the ERP."""

    _inherit = "order.flag.feed"

    # === PUBLIC METHODS === #

    def push(self, rows):
        """Take over flags and documents of orders that were changed in the ERP outside Odoo.

        By JSON-2: ``POST /json/2/order.flag.feed/push`` with the body
        ``{"ids": [feed id], "rows": [...]}``. One call is one transaction; a bad row never
        stops the others. Sending the same rows again does no harm.

        Instead of ``flag``, a row may carry ``"document": {"kind": "order", "delivery",
        "invoice" or "receipt", "number": text, "date": "YYYY-MM-DD", "state": "open" or
        "cancelled", "covers": "all" or "part", "tracking": text, "file": {"name": text,
        "content": PDF of at most 5 MiB in base64}}``. Kind and number are required; what a
        later row leaves out stays as it was.

        :param list[dict] rows: at most 10,000 of ``{"key": unique id of the change,
            "order": reference, "flag": flag as the ERP spells it or "" to clear, "note":
            text of at most 10,000 characters, "changed_at": ISO 8601 with zone}``
        :return: one dict per row, in order: ``{"key", "result", "message"}`` with a result
            of ``applied``, ``unchanged``, ``duplicate`` (the key was used before),
            ``stale`` (a newer change of this flag or document came before),
            ``unknown_order``, ``unknown_flag``, ``refused`` (the order cannot take it) or
            ``invalid``
        :raise AccessError: for users who are no feed clients, or of another company
        :raise MissingError: when there is no such feed
        :raise LockError: while another push of the same feed takes too long
        :raise UserError: when ``rows`` is no list, or the call is too large
        """
        feed = self._get_feed_of_caller()
        feed._check_call(rows)
        return feed._push(rows)

    def dry_run(self, rows):
        """Tell what ``push`` would do with these rows, and change nothing.

        :param list[dict] rows: as for ``push``
        :return: ``{"results": [one per row, as of push], "orders": how many orders would
            change, "customers": how many customers would be mailed}``
        :raise AccessError: for users who are no feed clients, or of another company
        :raise MissingError: when there is no such feed
        :raise UserError: when ``rows`` is no list, or the call is too large
        """
        feed = self._get_feed_of_caller()
        feed._check_call(rows)
        return feed._dry_run(rows)

    # === CALL === #

    def _check_call(self, rows):
        if not isinstance(rows, list):
            raise UserError(self.env._('"rows" must be a list of rows.'))
        if len(rows) > MAX_ROWS:
            raise UserError(
                self.env._(
                    "%(count)s rows are too many: at most %(cap)s rows a call.",
                    count=len(rows),
                    cap=MAX_ROWS,
                )
            )
        # Over HTTP the body was measured already; this is for callers on other ways.
        # Without blanks, as a client would send it at the least.
        written = json.dumps(
            rows, default=str, skipkeys=True, ensure_ascii=False, separators=(",", ":")
        )
        if len(written.encode(errors="replace")) > MAX_BYTES:
            raise UserError(
                self.env._(
                    "The call is larger than %(cap)s MiB. Please send fewer rows at a time.",
                    cap=MAX_BYTES // 1024 // 1024,
                )
            )

    def _push(self, rows):
        """Do what ``push`` does, for the feed (sudo) in its own context."""
        # Before anything is looked up: what a push before this one used must be seen.
        self._lock_for_push()
        rows = [self._read_row(raw) for raw in rows]
        state = self._prepare_state(rows, lock=True)
        for start in range(0, len(rows), SLICE):
            self._run_slice(rows[start : start + SLICE], state)
        # The log is the memory of used keys: in the same transaction as the orders, so that a
        # push that fails as a whole can be sent again with the same keys.
        self.env["order.flag.feed.log"]._create_from_rows(self, rows)
        self.last_push = fields.Datetime.now()
        return [row.as_answer() for row in rows]

    def _dry_run(self, rows):
        """Do what ``dry_run`` does, for the feed (sudo) in its own context."""
        rows = [self._read_row(raw) for raw in rows]
        plan = self._plan_rows(rows, self._prepare_state(rows, lock=False))
        return {
            "results": [row.as_answer() for row in rows],
            "orders": len({row.order for row in rows if row.result == "applied"}),
            "customers": len(self._get_mailed_customers(plan)),
        }

    def _lock_for_push(self):
        """Let one push of a feed run at a time, so that a key is looked up and used at once.

        A push that waited for one that committed gets a serialization failure, since its
        view of the data is older; Odoo then runs it again.

        :raise LockError: when the other one takes too long
        """
        try:
            with self.env.cr.savepoint(flush=False), mute_logger("odoo.sql_db"):
                # PostgreSQL waits, not we: whoever waits longest comes first.
                self.env.cr.execute("SELECT set_config('lock_timeout', %s, true)", [FEED_WAIT])
                self.env.cr.execute(
                    "SELECT id FROM order_flag_feed WHERE id = %s FOR NO KEY UPDATE", [self.id]
                )
                self.env.cr.execute("SELECT set_config('lock_timeout', '0', true)")
        except psycopg2.errors.LockNotAvailable as error:
            raise LockError(
                self.env._(
                    "Another push of this feed is still running. Nothing was changed; please"
                    " send the same rows again in a minute."
                )
            ) from error

    # === LOOKING UP === #

    def _prepare_state(self, rows, lock):
        """Look up all that the rows need, in a number of queries that does not grow."""
        open_rows = [row for row in rows if not row.result]
        logs = self.env["order.flag.feed.log"]
        used_keys = logs._get_used_keys(self, list({row.key for row in open_rows}))
        references = {row.order_ref for row in open_rows if row.key not in used_keys}
        # Only rows that can still change something cost a look at their orders.
        orders = self._find_orders(references)
        found = self.env["sale.order"].union(*orders.values())
        locked = self._lock_orders(found) if lock else found
        return PushState(
            used_keys,
            logs._get_last_changes(self, found),
            orders,
            {mapping.external_flag: mapping.flag_id for mapping in self.mapping_ids},
            set(locked.ids),
            self._find_documents(found, open_rows),
        )

    def _find_orders(self, references):
        """Return ``{reference: orders of the feed's company that have it}``.

        What is no order yet, such as a cart, takes neither flag nor document: it is meant where no
        order has the reference, and refused in words. One that the ERP has registered is no such
        cart, also while it is set back to a quotation: what is told of it is no other order's.
        """
        if not references:
            return {}
        name = self.order_ref_field
        orders = self.env["sale.order"]
        domain = orders._get_numbered_domain() & Domain("company_id", "=", self.company_id.id)
        orders = orders.search_fetch(
            domain & Domain(name, "in", list(references)), [name, "was_placed", "external_ref"]
        )
        meant = orders.filtered(lambda order: order.was_placed or order.external_ref)
        # One prefetch for all: the orders are read together, not one by one.
        return {
            reference: (found & meant or found).with_prefetch(orders.ids)
            for reference, found in orders.grouped(name).items()
        }

    def _lock_orders(self, orders):
        """Lock the orders and return those that could be locked.

        Those that somebody else is changing are waited for a little, and then refused one
        by one, so that they stop no other order. Nothing is waited for while holding a lock
        that the other one may want, so no deadlock can come of it.
        """
        deadline = time.monotonic() + ORDER_WAIT
        locked = orders.try_lock_for_update(allow_referencing=True)
        while len(locked) < len(orders) and time.monotonic() < deadline:
            time.sleep(0.1)
            locked |= (orders - locked).try_lock_for_update(allow_referencing=True)
        return locked

    # === DECIDING AND WRITING === #

    def _run_slice(self, rows, state):
        """Decide and write these rows; when writing fails, halve until the bad row is alone."""
        before = state.snapshot()
        try:
            # A savepoint, so that an order that cannot be written leaves nothing half done.
            with self.env.cr.savepoint():
                self._apply_plan(self._plan_rows(rows, state), state)
        except psycopg2.OperationalError:
            raise  # a clash with another transaction is no fault of a row: run it all again
        except Exception as error:
            state.restore(before)
            self._undo_decisions(rows)
            if len(rows) == 1:
                rows[0].decide("refused", self._get_failure_message(error))
                return
            # In order: a row is judged on top of those before it.
            middle = len(rows) // 2
            self._run_slice(rows[:middle], state)
            self._run_slice(rows[middle:], state)

    def _undo_decisions(self, rows):
        for row in rows:
            if row.result != "invalid":
                row.decide("")
                row.change = None

    def _get_failure_message(self, error):
        if isinstance(error, UserError):
            return str(error)
        # What the database or another addon says is not for the client; the log has it.
        return self.env._("The order could not be changed: %(error)s", error=type(error).__name__)

    def _plan_rows(self, rows, state):
        """Decide these rows one after the other, without writing anything."""
        # A row is judged on top of those before it, which are written together with it: two
        # rows of one order in one push come out as if each had come alone.
        plan = PushPlan(self.env["sale.order"], check_groups=False)
        for row in rows:
            if row.result:
                continue
            row.order = self._find_order(row, state)
            row.decide(*self._judge(row, state))
            if not row.result:
                plan_row = self._plan_document if row.document else self._plan_flag
                plan_row(row, state, plan)
            if row.result in SETTLED:
                state.settle(row)
        return plan

    def _find_order(self, row, state):
        orders = state.orders.get(row.order_ref, self.env["sale.order"])
        # Two orders of one reference: a guess could tell the wrong customer.
        return orders if len(orders) == 1 else None

    def _judge(self, row, state):
        """Return the result and message of a row that comes to no change, or two blanks."""
        # The key comes first: a client that sends everything again must read "duplicate" for
        # what arrived, whatever has happened to the order, flag or mapping since.
        if row.key in state.used_keys:
            return "duplicate", self.env._("This change was taken over before.")
        if not row.order:
            return "unknown_order", self._get_unknown_order_message(row, state)
        if row.flag and row.flag.strip() not in state.flags:
            return "unknown_flag", self.env._(
                "The flag “%(flag)s” is not mapped in the feed.", flag=row.flag
            )
        # The same moment is not older: two changes in one second both count, in their order.
        last = state.get_last_change(row)
        if last and row.changed_at < last:
            return "stale", self._get_stale_message(row)
        if row.order.id not in state.locked:
            return "refused", self.env._(
                "Somebody else is changing the order at this moment. Please send it again."
            )
        return "", ""

    def _get_stale_message(self, row):
        if row.document:
            return self.env._("A newer change of this document came before.")
        return self.env._("A newer change of this order came before.")

    def _get_unknown_order_message(self, row, state):
        count = len(state.orders.get(row.order_ref, ()))
        if not count:
            return self.env._("No order has the reference “%(ref)s” (0 found).", ref=row.order_ref)
        return self.env._(
            "%(count)s orders have the reference “%(ref)s”.", count=count, ref=row.order_ref
        )

    def _plan_flag(self, row, state, plan):
        flag = state.flags[row.flag.strip()] if row.flag else self.env["sale.order.flag"]
        row.change = plan.add(
            StatusChange(
                row.order,
                flag=flag,
                flag_note=(row.note or KEEP) if flag else KEEP,
                # A cleared flag has no note; what the clerk wrote is kept in the history.
                note=not flag and row.note,
            )
        )
        result = {"apply": "applied"}.get(row.change.outcome, row.change.outcome)
        row.decide(result, row.change.message)

    def _apply_plan(self, plan, state):
        # Documents first: what they bring about finds them there.
        if plan.documents.keys:
            self._apply_documents(plan, state)
        # The history keeps which feed it was, so that the feed is not told of its own changes.
        orders = self.env["sale.order"].with_context(order_flag_feed=self)
        orders._apply_status_changes(plan.to_apply, source="feed")
        self._follow_documents(plan.documents)

    def _get_mailed_customers(self, plan):
        """Return the customers whose orders a plan would mail about to somebody."""
        notify = not self.env.context.get("order_status_no_notify")
        mailed = plan.get_mail_recipients(notify)
        orders = self.env["sale.order"].union(*(order for order in mailed if mailed[order]))
        return orders.partner_id
