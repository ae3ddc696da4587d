import json

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_datetime

from odoo.addons.order_status_flags.bulk import get_insert

from ..document_row import MAX_NUMBER, get_row_without_file
from ..feed_row import MAX_KEY, MAX_REFERENCE, MAX_ROWS, is_storable

# Rows that may succeed when they come again: their key is not used up.
REPLAYABLE = ("unknown_order", "unknown_flag", "refused", "invalid")
KEEP_DAYS = 90
MAX_PAYLOAD = 20_000


class OrderFlagFeedLog(models.Model):
    """One row per row of a push, with what became of it.

    The rows that were applied or found unchanged are also the memory of the keys that are
    used up, and of how new the last change of each order's flag is; that of a document is
    kept there.
    """

    _name = "order.flag.feed.log"
    _description = "Flag Feed Log"
    _order = "id desc"
    _rec_name = "key"

    feed_id = fields.Many2one(
        comodel_name="order.flag.feed", required=True, ondelete="cascade", readonly=True
    )
    company_id = fields.Many2one(related="feed_id.company_id")
    key = fields.Char(readonly=True)
    order_ref = fields.Char(string="Order reference", readonly=True)
    order_id = fields.Many2one(
        comodel_name="sale.order", ondelete="set null", index="btree_not_null", readonly=True
    )
    external_flag = fields.Char(string="Flag in the ERP", readonly=True)
    flag_id = fields.Many2one(
        comodel_name="sale.order.flag", string="Flag here", ondelete="set null", readonly=True
    )
    document_kind = fields.Selection(
        selection=lambda self: (
            self.env["sale.order.erp.document"]._fields["kind"]._description_selection(self.env)
        ),
        string="Document",
        readonly=True,
    )
    document_number = fields.Char(string="Number of the document", readonly=True)
    has_file = fields.Boolean(
        string="With a PDF",
        readonly=True,
        help="The PDF is not kept here: only the client can send such a row again.",
    )
    note = fields.Char(readonly=True)
    changed_at = fields.Datetime(string="Changed in the ERP", readonly=True)
    result = fields.Selection(
        selection=[
            ("applied", "Applied"),
            ("unchanged", "Unchanged"),
            ("duplicate", "Duplicate"),
            ("stale", "Outdated"),
            ("unknown_order", "Unknown order"),
            ("unknown_flag", "Unknown flag"),
            ("refused", "Refused"),
            ("invalid", "Invalid"),
        ],
        required=True,
        readonly=True,
    )
    message = fields.Char(readonly=True)
    payload = fields.Text(
        string="Row as it came",
        readonly=True,
        help="Kept for rows that did not reach their order, without the content of a PDF.",
    )
    is_replayed = fields.Boolean(
        string="Sent again", readonly=True, help="A later row of the log tells how that ended."
    )
    is_open = fields.Boolean(
        string="To be looked at", compute="_compute_is_open", search="_search_is_open"
    )

    # The key of a change is used once in its feed, whoever sends it and however often.
    _key_uniq = models.UniqueIndex(
        "(feed_id, key) WHERE result IN ('applied', 'unchanged')",
        "This change was taken over already.",
    )
    _last_change_idx = models.Index(
        "(feed_id, order_id, changed_at DESC)"
        " WHERE result IN ('applied', 'unchanged') AND document_kind IS NULL"
    )
    _open_idx = models.Index(
        "(feed_id, key) WHERE is_replayed IS NOT TRUE"
        " AND result IN ('unknown_order', 'unknown_flag', 'refused', 'invalid')"
    )
    _feed_result_idx = models.Index(
        "(feed_id, result) WHERE result NOT IN ('applied', 'unchanged', 'duplicate')"
    )

    # === COMPUTE METHODS === #

    @api.depends("result", "is_replayed")
    def _compute_is_open(self):
        for log in self:
            log.is_open = log.result in REPLAYABLE and not log.is_replayed

    def _search_is_open(self, operator, value):
        if operator != "in":
            return NotImplemented
        found = Domain("result", "in", REPLAYABLE) & Domain("is_replayed", "=", False)
        return Domain.OR(found if wanted else ~found for wanted in value)

    # === ACTION METHODS === #

    def action_replay(self):
        """Process these rows once more, for instance after an unknown flag was mapped.

        Rows that reached their order already are left out: their key is used up. So are those
        with a PDF, which is not kept: without it, they would use up the key of the whole row.

        :return: a notification that says how it went
        :raise UserError: when none of the rows can be sent again, or a feed is archived
        :raise AccessError: without write access to the feeds
        """
        self.check_access("read")
        self.feed_id.check_access("write")
        # sudo: nobody writes the log by hand; `is_replayed` is the machinery's own
        logs = self.sudo().filtered("is_open").sorted("id")
        if logs and all(log.has_file for log in logs):
            raise UserError(
                self.env._(
                    "The PDF of a row is not kept here. Please let the client send it again."
                )
            )
        logs = logs.filtered(lambda log: not log.has_file)
        if not logs:
            raise UserError(
                self.env._("Only rows that did not reach their order can be sent again.")
            )
        answers = []
        # Also those that fail again: the new rows tell so, and are the ones to look at. Before they
        # are there, so that these, which somebody may have on the screen, are not replaced by them.
        logs.is_replayed = True
        logs.flush_recordset(["is_replayed"])
        for feed, feed_logs in logs.grouped("feed_id").items():
            feed._check_switched_on()
            own = feed._in_own_context()
            for start in range(0, len(feed_logs), MAX_ROWS):
                part = feed_logs[start : start + MAX_ROWS]
                answers += own._push([log._get_row() for log in part])
        return self._notify_replay(answers)

    def _notify_replay(self, answers):
        reached = sum(answer["result"] not in REPLAYABLE for answer in answers)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if reached == len(answers) else "warning",
                "message": self.env._(
                    "%(reached)s of %(all)s rows are settled now.",
                    reached=reached,
                    all=len(answers),
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    # === BUSINESS METHODS === #

    def _get_failure_text(self):
        """Return one line that says what failed, for the form of the order.

        :rtype: str
        """
        self.ensure_one()
        results = dict(self._fields["result"]._description_selection(self.env))
        subject = self.external_flag or self.env._("No flag")
        if self.document_kind:
            documents = self.env["sale.order.erp.document"]
            subject = documents._get_label(self.document_kind, self.document_number)
        moment = format_datetime(self.env, self.create_date, dt_format="short")
        return f"{moment}  {subject}: {results[self.result]}. {self.message or ''}".strip()

    def _get_row(self):
        """Return the row of a push that this log row came from."""
        self.ensure_one()
        # A row that could not be read has nothing but what came.
        if self.payload:
            try:
                return json.loads(self.payload)
            except ValueError:  # cut off, too long to be kept
                return None
        return {
            "key": self.key,
            "order": self.order_ref,
            "flag": self.external_flag or "",
            "note": self.note or None,
            "changed_at": self.changed_at.isoformat() + "Z",
        }

    @api.model
    def _create_from_rows(self, feed, rows):
        """Keep the rows of a push.

        One INSERT, as in the history: ``create`` would cost more than to decide about the rows.

        :param order.flag.feed feed: sudo
        :param list[FeedRow] rows: decided
        """
        if not rows:
            return
        uid, now = self.env.uid, self.env.cr.now()
        names = [name for name, field in self._fields.items() if field.store and name != "id"]
        blank = dict.fromkeys(names) | {"has_file": False, "is_replayed": False}
        blank |= {"create_uid": uid, "write_uid": uid, "create_date": now, "write_date": now}
        vals_list = [{**blank, **self._prepare_values(feed, row)} for row in rows]
        replaced = self._remove_failed(feed, vals_list)
        self._settle(feed, [vals["key"] for vals in vals_list if vals["key"]])
        again, new = [], []
        for vals in vals_list:
            log_id = replaced.pop((vals["key"], vals["result"]), None)
            (again if log_id else new).append({"id": log_id, **vals} if log_id else vals)
        for part in filter(None, (again, new)):
            self.env.execute_query(get_insert(self, part))
        feed.invalidate_recordset(["log_ids"], flush=False)

    @api.model
    def _remove_failed(self, feed, vals_list):
        """Remove what failed before as it does now: a client tries thousands of rows for days.

        :param order.flag.feed feed: sudo
        :param list[dict] vals_list: of the rows that came
        :return: ``{(key, result): id}``, by which the row that replaces one is known: somebody may
            have it on the screen
        :rtype: dict
        """
        failed = [vals for vals in vals_list if vals["key"] and vals["result"] in REPLAYABLE]
        if not failed:
            return {}
        rows = self.env.execute_query(
            SQL(
                """
                DELETE FROM order_flag_feed_log log
                      USING unnest(%s::text[], %s::text[]) AS came (key, result)
                      WHERE log.feed_id = %s
                        AND log.key = came.key
                        AND log.result = came.result
                        AND log.is_replayed IS NOT TRUE
                        AND log.result IN %s
                  RETURNING log.key, log.result, log.id
                """,
                [vals["key"] for vals in failed],
                [vals["result"] for vals in failed],
                feed.id,
                REPLAYABLE,
            )
        )
        self.invalidate_model()
        return {(key, result): log_id for key, result, log_id in sorted(rows, reverse=True)}

    @api.model
    def _settle(self, feed, keys):
        """Close what failed before of rows that came again: the newest answer is to be looked at.

        :param order.flag.feed feed: sudo
        :param list keys: of the rows that came
        """
        self.env.cr.execute(
            SQL(
                "UPDATE order_flag_feed_log SET is_replayed = TRUE WHERE feed_id = %s"
                " AND key = ANY(%s) AND is_replayed IS NOT TRUE AND result IN %s",
                feed.id,
                keys,
                REPLAYABLE,
            )
        )
        self.invalidate_model(["is_replayed", "is_open"], flush=False)

    @api.model
    def _prepare_values(self, feed, row):
        values = {"feed_id": feed.id, "result": row.result, "message": row.message}
        if row.result == "invalid":
            return {**values, **self._prepare_invalid_values(row.raw)}
        values.update(
            key=row.key,
            order_ref=row.order_ref,
            order_id=row.order.id if row.order else False,
            external_flag=row.flag,
            flag_id=row.change.new_flag.id if row.change else False,
            note=row.note,
            changed_at=row.changed_at,
        )
        if row.document:
            values.update(self._prepare_document_values(row))
        return values

    @api.model
    def _prepare_document_values(self, row):
        return {
            "external_flag": False,
            "document_kind": row.document.kind,
            "document_number": row.document.number,
            "has_file": bool(row.document.file),
            "payload": row.result in REPLAYABLE and self._get_document_payload(row),
        }

    @api.model
    def _get_document_payload(self, row):
        """Return all that is known of a row about a document, to be sent again; no file."""
        document = {"kind": row.document.kind, "number": row.document.number}
        document.update(row.document.values)
        known = {"key": row.key, "order": row.order_ref, "document": document}
        known.update(note=row.note, changed_at=row.raw["changed_at"])
        # As it is: escaped, a long note would not fit.
        return json.dumps(known, default=str, ensure_ascii=False)

    @api.model
    def _prepare_invalid_values(self, raw):
        document = raw.get("document") if isinstance(raw, dict) else None
        kind = self._get_shown(document, "kind", MAX_REFERENCE)
        kinds = dict(self.env["sale.order.erp.document"]._fields["kind"].selection)
        return {
            "key": self._get_shown(raw, "key", MAX_KEY),
            "order_ref": self._get_shown(raw, "order", MAX_REFERENCE),
            "external_flag": self._get_shown(raw, "flag", MAX_REFERENCE),
            "document_kind": kind in kinds and kind,
            "document_number": self._get_shown(document, "number", MAX_NUMBER),
            "has_file": isinstance(document, dict) and document.get("file") is not None,
            "payload": self._get_payload(raw),
        }

    @api.model
    def _get_payload(self, raw):
        """Return a row as it came, to be shown and sent again; without the content of a file."""
        # ASCII, so that whatever came can be stored and shown
        return json.dumps(get_row_without_file(raw), default=str)[:MAX_PAYLOAD]

    @api.model
    def _get_shown(self, raw, name, longest):
        """Return what can be shown of a value in a row that could not be read."""
        value = raw.get(name) if isinstance(raw, dict) else None
        return isinstance(value, str) and is_storable(value) and value[:longest]

    @api.model
    def _get_used_keys(self, feed, keys):
        """Return those of the keys that were applied or unchanged before."""
        settled = Domain("result", "in", ("applied", "unchanged"))
        logs = self.search_fetch(
            Domain("feed_id", "=", feed.id) & Domain("key", "in", keys) & settled, ["key"]
        )
        return set(logs.mapped("key"))

    @api.model
    def _get_last_changes(self, feed, orders):
        """Return ``{order id: moment of the last change of its flag from this feed}``."""
        settled = Domain("result", "in", ("applied", "unchanged"))
        settled &= Domain("document_kind", "=", False)
        groups = self._read_group(
            Domain("feed_id", "=", feed.id) & Domain("order_id", "in", orders.ids) & settled,
            ["order_id"],
            ["changed_at:max"],
        )
        return {order.id: moment for order, moment in groups}

    @api.model
    def _count_by_feed(self, feeds, domain):
        groups = self._read_group([("feed_id", "in", feeds.ids), *domain], ["feed_id"], ["__count"])
        return {feed.id: count for feed, count in groups}

    @api.autovacuum
    def _gc_old_rows(self):
        """Forget what did not reach an order 90 days ago; used keys are kept for good."""
        border = fields.Datetime.subtract(fields.Datetime.now(), days=KEEP_DAYS)
        rows = self.search(
            [
                ("result", "not in", ("applied", "unchanged")),
                ("create_date", "<", border),
            ],
            limit=10_000,
            order="id",
        )
        rows.unlink()
        return len(rows), int(len(rows) == 10_000)
