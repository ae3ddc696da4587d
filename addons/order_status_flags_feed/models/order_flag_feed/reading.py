from odoo import fields, models

from ...document_row import (
    COVERS,
    KINDS,
    MAX_FILE,
    MAX_FILE_NAME,
    MAX_NUMBER,
    MAX_TRACKING,
    STATES,
    DocumentFile,
    DocumentRow,
    make_file_name,
    parse_day,
    parse_pdf,
)
from ...feed_row import (
    MAX_AHEAD,
    MAX_KEY,
    MAX_NOTE,
    MAX_REFERENCE,
    FeedRow,
    is_storable,
    parse_moment,
)


class OrderFlagFeed(models.Model):
    """The way in: what a row must be, and what is wrong with one, in words."""

    _inherit = "order.flag.feed"

    def _read_row(self, raw):
        """Return the row as a ``FeedRow``, decided as ``invalid`` when it cannot be read."""
        row = FeedRow(raw=raw)
        if isinstance(raw, dict):
            row.key = self._get_key_to_answer(raw.get("key"))
        problem = self._get_row_problem(raw)
        if problem:
            row.decide("invalid", problem)
            return row
        row.order_ref = raw["order"].strip()
        row.flag = raw.get("flag") or ""
        row.note = (raw.get("note") or "").strip()
        try:
            row.changed_at = parse_moment(raw["changed_at"])
            # Last, since it is the one that takes time.
            if raw.get("document") is not None:
                row.document = self._read_document(raw["document"])
        except ValueError as error:
            row.decide("invalid", self._get_value_problem(str(error)))
            return row
        # Clocks differ by minutes; a change of next year would make all others stale until then.
        if row.changed_at > fields.Datetime.now() + MAX_AHEAD:
            row.decide("invalid", self.env._('"changed_at" is more than 10 minutes in the future.'))
        return row

    def _get_key_to_answer(self, key):
        """Return the key as it can be written into an answer, None when it cannot."""
        if isinstance(key, str):
            return key.encode(errors="replace").decode()
        return key if isinstance(key, int) else None

    def _read_document(self, raw):
        """Return the document of a row.

        :param dict raw: without a problem of ``_get_document_problem``
        :raise ValueError: when its file is none, see ``parse_pdf``
        """
        number = " ".join(raw["number"].split())
        values = {name: raw[name] for name in ("state", "covers") if raw.get(name) is not None}
        if raw.get("date") is not None:
            values["date"] = parse_day(raw["date"])
        if raw.get("tracking") is not None:
            values["tracking"] = " ".join(raw["tracking"].split())
        file = None
        if raw.get("file") is not None:
            name = make_file_name(raw["file"].get("name") or number)
            file = DocumentFile(name, parse_pdf(raw["file"]["content"]))
        return DocumentRow(raw["kind"], number, values, file)

    # === PROBLEMS === #

    def _get_row_problem(self, raw):
        """Return why a row cannot be read, or False."""
        if not isinstance(raw, dict):
            return self.env._(
                "A row must be an object with key, order, changed_at, and flag or document."
            )
        return (
            self._get_text_problem(raw, "key", MAX_KEY)
            or self._get_text_problem(raw, "order", MAX_REFERENCE)
            or self._get_subject_problem(raw)
            or self._get_optional_text_problem(raw, "note", MAX_NOTE)
            or self._get_text_problem(raw, "changed_at", MAX_REFERENCE)
        )

    def _get_subject_problem(self, raw):
        """Return what is wrong with the flag or the document of a row: it has one of them."""
        flag, document = raw.get("flag"), raw.get("document")
        if document is None and flag is None:
            return self.env._('Both "flag" and "document" are missing: a row has one of them.')
        if document is None:
            return self._get_text_problem(raw, "flag", MAX_REFERENCE, may_be_empty=True)
        if flag is not None:
            return self.env._('A row has either "flag" or "document", not both.')
        return self._get_document_problem(document)

    def _get_document_problem(self, document):
        """Return why the document of a row cannot be read, or False; its file's content aside."""
        if not isinstance(document, dict):
            return self.env._('"document" must be an object with kind and number.')
        return (
            self._get_choice_problem(document, "kind", KINDS, required=True)
            or self._get_text_problem(document, "number", MAX_NUMBER)
            or self._get_day_problem(document)
            or self._get_choice_problem(document, "state", STATES)
            or self._get_choice_problem(document, "covers", COVERS)
            or self._get_optional_text_problem(document, "tracking", MAX_TRACKING)
            or self._get_file_problem(document.get("file"))
        )

    def _get_text_problem(self, raw, name, longest, may_be_empty=False):
        value = raw.get(name)
        if value is None:
            return self.env._('"%(name)s" is missing.', name=name)
        if not isinstance(value, str):
            return self.env._('"%(name)s" must be a text.', name=name)
        if not may_be_empty and not value.strip():
            return self.env._('"%(name)s" is empty.', name=name)
        if len(value) > longest:
            return self.env._(
                '"%(name)s" is too long: at most %(cap)s characters.', name=name, cap=longest
            )
        if not is_storable(value):
            return self.env._('"%(name)s" contains characters that are no text.', name=name)
        return False

    def _get_optional_text_problem(self, raw, name, longest):
        if raw.get(name) is None:
            return False
        return self._get_text_problem(raw, name, longest, may_be_empty=True)

    def _get_choice_problem(self, raw, name, choices, required=False):
        value = raw.get(name)
        if value is None and not required:
            return False
        problem = self._get_text_problem(raw, name, MAX_REFERENCE)
        if problem or value in choices:
            return problem
        return self.env._(
            '"%(name)s" must be one of %(choices)s.', name=name, choices=", ".join(choices)
        )

    def _get_day_problem(self, document):
        if document.get("date") is None:
            return False
        problem = self._get_text_problem(document, "date", MAX_REFERENCE)
        if problem:
            return problem
        try:
            parse_day(document["date"])
        except ValueError:
            return self.env._('"date" is no day of our time, written like 2026-03-01.')
        return False

    def _get_file_problem(self, file):
        if file is None:
            return False
        if not isinstance(file, dict):
            return self.env._('"file" must be an object with name and content.')
        if problem := self._get_optional_text_problem(file, "name", MAX_FILE_NAME):
            return problem
        if not isinstance(file.get("content"), str):
            return self.env._('"content" of the file must be a PDF in base64.')
        return False

    def _get_value_problem(self, kind):
        """Return in words what ``parse_moment`` or ``parse_pdf`` said is wrong."""
        if kind == "zone":
            return self.env._('"changed_at" has no time zone. Please write it like +01:00 or Z.')
        if kind == "size":
            return self.env._("The file is larger than %(cap)s MiB.", cap=MAX_FILE // 1024 // 1024)
        if kind == "base64":
            return self.env._('"content" of the file is no base64.')
        if kind == "pdf":
            return self.env._("The file is no PDF.")
        return self.env._(
            '"changed_at" is no date and time of ISO 8601, like 2026-03-01T12:00:00+01:00.'
        )
