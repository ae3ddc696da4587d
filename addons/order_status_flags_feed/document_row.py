import base64
import binascii
import re
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha1

KINDS = ("order", "delivery", "invoice", "receipt")
STATES = ("open", "cancelled")
COVERS = ("all", "part")

# Numbers are indexed together with more, and no ERP's are longer.
MAX_NUMBER = 200
MAX_TRACKING = 500
MAX_FILE_NAME = 200
MAX_FILE = 5 * 1024 * 1024
# The texts of a file of that size: four characters for three bytes, filled up.
MAX_BASE64 = (MAX_FILE + 2) // 3 * 4
# Years outside are typing errors, and print as something else in other programs.
FIRST_YEAR, LAST_YEAR = 1970, 2100

# Some programs write blanks or line ends first; readers of PDFs pass over them.
PDF_START = re.compile(rb"\s{0,1024}%PDF-")
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# What file systems and headers do not take in a name.
BAD_IN_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')


@dataclass(slots=True, frozen=True)
class DocumentFile:
    """The PDF of a document.

    :ivar name: as a file may be called, with ``.pdf`` at its end
    :ivar content: bytes
    """

    name: str
    content: bytes = field(repr=False)

    @property
    def identity(self):
        """What tells this file from another one: name and checksum, as attachments have it."""
        return self.name, sha1(self.content).hexdigest()  # no secret: Odoo's own checksum


@dataclass(slots=True, frozen=True)
class DocumentRow:
    """The document of a row, as the ERP describes it.

    :ivar values: of ``date``, ``state``, ``covers``, ``tracking`` those that the row gives;
        the others stay as they are
    :ivar file: ``DocumentFile``, or None when the row brings none
    """

    kind: str
    number: str
    values: dict
    file: object = None

    @property
    def key(self):
        """What it is told from the order's other documents by."""
        return self.kind, self.number


def parse_day(text):
    """Return a day written as ``YYYY-MM-DD``.

    :param str text: like ``2026-03-01``
    :raise ValueError: when it is none, or none of our time
    """
    if not DAY.fullmatch(text):
        raise ValueError("format")
    day = date.fromisoformat(text)
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError("year")
    return day


def parse_pdf(text):
    """Return the content of a PDF that is written in base64.

    :param str text: base64 without blanks or line breaks
    :raise ValueError: ``"size"`` above 5 MiB, ``"base64"`` or ``"pdf"`` when it is none
    """
    if len(text) > MAX_BASE64:
        raise ValueError("size")
    try:
        content = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise ValueError("base64") from error
    if len(content) > MAX_FILE:
        raise ValueError("size")
    if not PDF_START.match(content):
        raise ValueError("pdf")
    return content


def make_file_name(name):
    """Return the name as a file may have it, with ``.pdf`` at its end.

    :param str name: a name of a file, or the number of a document (``FS 12/2026``)
    :rtype: str
    """
    name = BAD_IN_NAMES.sub("-", name).strip(" .-")
    if name.lower().endswith(".pdf"):
        name = name[:-4].strip(" .-")
    return f"{name or 'document'}.pdf"


def get_row_without_file(raw):
    """Return a row as it came, without the content of its file, to be kept in a log.

    :param raw: whatever came
    """
    document = raw.get("document") if isinstance(raw, dict) else None
    file = document.get("file") if isinstance(document, dict) else None
    if not isinstance(file, dict) or "content" not in file:
        return raw
    return {**raw, "document": {**document, "file": {**file, "content": "..."}}}
