import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

# An order was really looked at and is now as the row says: the key is used up.
SETTLED = ("applied", "unchanged")

MAX_ROWS = 10_000
MAX_BYTES = 16 * 1024 * 1024
MAX_NOTE = 10_000
# Keys are indexed, and an index entry has to fit into a database page.
MAX_KEY = 200
MAX_REFERENCE = 500
MAX_AHEAD = timedelta(minutes=10)

ISO_8601 = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[T ](?P<time>\d\d:\d\d)(:(?P<seconds>\d\d)([.,](?P<part>\d{1,9}))?)?"
    r"(?P<zone>Z|[+-]\d\d(:?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(slots=True, eq=False)
class FeedRow:
    """One row of a push, and what became of it.

    :ivar raw: the row as it came
    :ivar key: unique id of the change in the feed
    :ivar changed_at: naive UTC with microseconds, so that two changes in one second keep
        their order
    :ivar result: what ``push`` answers for the row, empty while undecided
    :ivar document: ``DocumentRow`` of a row about a document; None in one about a flag
    :ivar order: the ``sale.order`` that was found
    :ivar change: the ``StatusChange`` that a flag leads to
    """

    raw: Any
    key: Any = None
    order_ref: str = ""
    flag: str = ""
    document: Any = None
    note: str = ""
    changed_at: Any = False
    result: str = ""
    message: str = ""
    order: Any = None
    change: Any = None

    def decide(self, result, message=""):
        """Settle what becomes of the row."""
        self.result, self.message = result, message

    def as_answer(self):
        """Return what the caller is told about this row."""
        return {"key": self.key, "result": self.result, "message": self.message}


def parse_moment(text):
    """Return a moment written as ISO 8601 with a zone, as naive UTC.

    Python's own parser reads all of ISO 8601 from 3.11 on only.

    :param str text: like ``2026-03-01T12:00:00+01:00`` or ``2026-03-01T11:00:00.250Z``
    :raise ValueError: ``"zone"`` when the zone is missing, else ``"format"``
    """
    found = ISO_8601.fullmatch(text.strip())
    if not found:
        raise ValueError("format")
    if not found["zone"]:
        raise ValueError("zone")
    zone = found["zone"].upper().replace(":", "").replace("Z", "+0000").ljust(5, "0")
    part = (found["part"] or "0")[:6].ljust(6, "0")
    try:
        local = datetime.strptime(
            f"{found['date']}T{found['time']}:{found['seconds'] or '00'}.{part}{zone}",
            "%Y-%m-%dT%H:%M:%S.%f%z",
        )
        return local.replace(tzinfo=None) - local.utcoffset()
    except (ValueError, OverflowError) as error:
        raise ValueError("format") from error


def is_storable(text):
    """Whether the database can hold the text: no NUL, no half of a surrogate pair."""
    try:
        return b"\x00" not in text.encode()
    except UnicodeEncodeError:
        return False
