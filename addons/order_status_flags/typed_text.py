"""The one cleaner of what people type: notes, reasons, names, references."""

import re
import unicodedata

from markupsafe import Markup

from odoo.exceptions import UserError

LINE_ENDS = re.compile("\r\n?|\u2028|\u2029")
# They turn the text that follows around: in a list or a log it then reads as something else.
TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


def clean_text(value, max_length=0, too_long=None, one_line=False):
    """Return a typed text as it is stored, in the characters that its writer saw.

    Line ends are one character each: a browser counts one and sends two. What cannot be
    stored or shown (zero bytes, half characters, control characters) is left out, blanks and
    invisible characters at both ends are too.

    :param value: as it came; False, None and what is no text (a file) are an empty one
    :param int max_length: most characters that are left when it is clean; 0 = any number
    :param str too_long: what the writer is told of a longer one
    :param bool one_line: whether line ends and runs of blanks become one blank
    :rtype: str
    :raise UserError: with ``too_long``
    """
    text = value if isinstance(value, str) else ""
    # Half characters: no encoding has them.
    text = text.encode(errors="ignore").decode()
    text = TURNING.sub("", LINE_ENDS.sub("\n", text))
    text = "".join(char for char in text if char in "\n\t" or not _is_control(char))
    text = _strip(" ".join(text.split()) if one_line else text)
    if max_length and len(text) > max_length:
        raise UserError(too_long)
    return text


def keep_lines(text):
    """Return a text as HTML that shows its lines, whatever it looks like.

    :param str text: clean, see ``clean_text``
    :rtype: Markup
    """
    return Markup("<br>").join(text.split("\n"))


def _is_control(char):
    return unicodedata.category(char) == "Cc"


def _strip(text):
    """Strip what leaves no ink, zero-width characters included."""
    start, end = 0, len(text)
    while start < end and _is_blank(text[start]):
        start += 1
    while end > start and _is_blank(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_blank(char):
    return char.isspace() or unicodedata.category(char) == "Cf"
