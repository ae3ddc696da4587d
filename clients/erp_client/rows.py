"""A row of a source, and what becomes of it on its way to Odoo.

Inside the client a row is a dict of texts by the names of the columns, so that it can wait in the
state. What Odoo is told is made of it when it is sent: a PDF is read no earlier.
"""

import base64
import hashlib
import json
import re
from pathlib import Path

from tools import to_moment

FLAG_FIELDS = ("key", "order", "flag", "note", "changed_at")
DOCUMENT_FIELDS = ("key", "order", "kind", "number", "date", "state", "covers", "tracking")
DOCUMENT_FIELDS += ("file", "note", "changed_at")
FIELDS = tuple(dict.fromkeys(FLAG_FIELDS + DOCUMENT_FIELDS))
# What a document row may leave out: Odoo keeps what it has.
OPTIONAL = ("date", "state", "covers", "tracking")
# In a snapshot a row is the whole truth.
DEFAULTS = {"state": "open", "covers": "all"}
MAX_FILE = 5 * 1024 * 1024
MAX_ROWS = 10_000
# A reserve below the server's 16 MiB.
MAX_BYTES = 12 * 1024 * 1024
# Open documents in the order in which an ERP makes them; an order is cancelled last of all.
RANKS = {"order": 0, "delivery": 2, "invoice": 3, "receipt": 3}


class RowProblem(Exception):
    """A row that cannot be sent now; its text is printed."""


def is_document(row):
    """Whether a row is one of a document, and not of a flag."""
    return bool(row.get("kind") or row.get("number"))


def is_order(kind):
    """Whether a kind of document is the ERP's own order, however the source spells it."""
    return kind.lower() == "order"


def find_missing(names, needs_key):
    """Return the columns that are missing among those that are there.

    :param names: of the columns
    :param bool needs_key: whether each row has to have a key and a time
    :rtype: list
    """
    needed = ["key", "order"] if needs_key else ["order"]
    has_documents = {"kind", "number"} & set(names)
    needed += ["kind", "number"] if has_documents and "flag" not in names else []
    needed += [] if has_documents else ["flag"]
    needed += ["changed_at"] if needs_key else []
    return [name for name in needed if name not in names]


def get_identity(row):
    """Return what a row of a snapshot is about: a document, or the flag of an order."""
    names = ("order", "kind", "number") if is_document(row) else ("order",)
    return json.dumps([row.get(name, "") for name in names], ensure_ascii=False)


def get_print(row):
    """Return a short text that changes when a row does, its PDF included."""
    values = [row.get(name, "") for name in FIELDS if name not in ("key", "changed_at")]
    if row.get("file"):
        try:
            stat = Path(row["file"]).stat()
            values += [stat.st_size, stat.st_mtime_ns]
        except OSError:
            values.append("missing")
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]


def get_rank(row):
    """Return the place of a row among others of the same moment."""
    if row.get("state") == "cancelled":
        return 5 if is_order(row.get("kind", "")) else 4
    return RANKS.get(row.get("kind", "").lower(), 1)


def sort_rows(rows):
    """Return rows in the order in which Odoo is told them."""
    oldest = to_moment("0001-01-02T00:00:00+00:00")
    return sorted(rows, key=lambda row: (to_moment(row["changed_at"]) or oldest, get_rank(row)))


# === WHAT ODOO IS TOLD === #


def make_payload(row):
    """Return a row as `push` expects it.

    :raise RowProblem: when its file cannot be sent
    """
    if not is_document(row):
        return {name: row.get(name, "") for name in FLAG_FIELDS}
    document = {"kind": row.get("kind", "").lower(), "number": row.get("number", "")}
    document |= {name: row[name] for name in OPTIONAL if row.get(name)}
    if row.get("file"):
        document["file"] = read_pdf(Path(row["file"]))
    payload = {"key": row["key"], "order": row["order"], "document": document}
    # A row with a flag too is for Odoo to refuse: nothing is left out in silence.
    payload |= {name: row[name] for name in ("flag", "note") if row.get(name)}
    return {**payload, "changed_at": row["changed_at"]}


def read_pdf(path):
    """Return a PDF as a row carries it.

    :raise RowProblem: when it is not there, too large, or no PDF: nothing else leaves this machine
    """
    try:
        if path.stat().st_size > MAX_FILE:
            raise RowProblem(f"the file {path} has more than 5 MiB")
        content = path.read_bytes()
    except OSError as error:
        raise RowProblem(f"the file {path} cannot be read: {error.strerror}") from error
    if not re.match(rb"\s{0,1024}%PDF-", content):
        raise RowProblem(f"the file {path} is no PDF")
    return {"name": path.name, "content": base64.b64encode(content).decode()}


def split(pairs, batch):
    """Yield lists of at most `batch` pairs and a good deal less than the server's cap.

    :param pairs: `(row, payload)`
    """
    part, size = [], 0
    for pair in pairs:
        length = len(json.dumps(pair[1]))
        if part and (len(part) >= batch or size + length > MAX_BYTES):
            yield part
            part, size = [], 0
        part.append(pair)
        size += length
    if part:
        yield part


def describe(row, result, message):
    """Return a line about a row for the operator."""
    if is_document(row):
        about = f"{row.get('kind')} “{row.get('number')}” ({row.get('state') or 'open'})"
    else:
        about = f"flag “{row['flag']}”"
    return f"{result}: order {row['order']}, {about}: {message}"
