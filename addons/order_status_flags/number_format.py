"""What a spreadsheet shows of a stored number, by its number format.

Only what can be told with certainty is: a date, a percentage or a rounded number gives None, and
whoever reads the file rejects the row.
"""

import re
from functools import lru_cache

# The formats that a workbook does not write down; the others show dates and the like.
BUILT_IN = {
    0: "General",
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    37: "#,##0",
    38: "#,##0",
    39: "#,##0.00",
    40: "#,##0.00",
    49: "@",
}
DIGITS = 15  # as many as a spreadsheet keeps of a number
_AS_STORED = ("", "general", "@")
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_.|\*.'
    r"|\[\$(?P<symbol>[^\]\-]*)(?:-[^\]]*)?\]|\[(?P<bracket>[^\]]*)\]"
    r"|(?P<digits>[0#?]+)|(?P<point>\.)|(?P<comma>,)|(?P<general>General)"
    r"|(?P<literal>[$\-+():;! ^&'~{}<>=|€£])|(?P<other>.)",
    re.DOTALL | re.IGNORECASE,
)
_COLORS = re.compile(
    r"(black|blue|cyan|green|magenta|red|white|yellow|color *\d+)\Z", re.IGNORECASE
)


def show_number(value, code):
    """Return what a cell with a number shows.

    :param float value: as stored
    :param str code: the number format; several sections are divided by semicolons
    :return: the text, and whether it is the number itself; None when that cannot be told
    :rtype: tuple[str, bool] or None
    """
    sections = _split_sections(code)
    if len(sections) > 1 and "@" in sections[-1]:
        sections = sections[:-1]  # the section for text
    sign = ""
    if value < 0 and len(sections) > 1:
        section, value = sections[1], -value
    elif value == 0 and len(sections) > 2:
        section = sections[2]
    else:
        section = sections[0]
        if value < 0:
            sign, value = "-", -value
    if section.strip().lower() in _AS_STORED:
        # "0;" shows a negative number as nothing at all
        text = get_plain(value) if section or len(sections) == 1 else None
        return text and (sign + text, True)
    shown = _show(value, _read_section(section))
    return shown and (sign + shown[0], shown[1])


def show_text(text, code):
    """Return what a cell with a text shows, None when that cannot be told.

    :param str text: as stored
    :param str code: the number format
    """
    sections = _split_sections(code)
    section = sections[-1] if "@" in sections[-1] else sections[3] if len(sections) > 3 else "@"
    if section.strip().lower() in _AS_STORED and section:
        return text
    shown = ""
    for part in re.split(r"(@)", section):
        tokens = [("text", text)] if part == "@" else _read_section(part)
        if any(kind not in ("text", "literal") for kind, _value in tokens):
            return None
        shown += "".join(one for _kind, one in tokens)
    return shown or None


def get_plain(value):
    """Return a number as text without needless zeros, None when it has too many digits.

    :param float value: as stored
    """
    if abs(value) >= 10**DIGITS:
        return None
    text = f"{value:.{DIGITS}g}"
    return None if "e" in text or "n" in text else text


@lru_cache(maxsize=500)
def _split_sections(code):
    """Return the sections of a format: the semicolons that are not quoted divide them."""
    sections = [""]
    for part in re.findall(r'"[^"]*"|\\.|\[[^\]]*\]|.', code, re.DOTALL):
        if part == ";":
            sections.append("")
        else:
            sections[-1] += part
    return sections


@lru_cache(maxsize=500)
def _read_section(section):
    """Return the parts of one section: tuples of kind and text."""
    parts = []
    for found in _TOKEN.finditer(section):
        kind, text = found.lastgroup, found[found.lastgroup] if found.lastgroup else ""
        if kind in ("quoted", "escaped", "symbol"):
            kind = "literal"
        elif kind == "bracket":
            kind = "" if _COLORS.match(text) else "other"
        if kind and (text or kind != "literal"):
            parts.append((kind, text))
    return tuple(parts)


def _show(value, parts):
    kinds = [kind for kind, _text in parts]
    if "other" in kinds or "digits" not in kinds:
        return None  # dates, percent, fractions, thousands left out; or nothing is shown
    if "point" in kinds or "comma" in kinds:
        return _show_decimal(value, parts)
    if value != int(value):
        return None  # rounded
    digits = get_plain(value)
    # "#" shows nothing of a zero
    return digits and _fill_mask("" if digits == "0" else digits, parts)


def _show_decimal(value, parts):
    """Show a number with decimals or groups of thousands, where it stays the same number."""
    kinds = [kind for kind, _text in parts]
    numeric = [i for i, kind in enumerate(kinds) if kind in ("digits", "point", "comma")]
    first, last = numeric[0], numeric[-1]
    if any(kind == "literal" for kind in kinds[first:last]) or kinds[last] == "comma":
        return None
    decimals = 0
    if "point" in kinds:
        point = kinds.index("point")
        if "comma" in kinds[point - 1 : point]:
            return None  # scaled by thousand
        decimals = sum(len(text) for kind, text in parts[point:] if kind == "digits")
    text = get_plain(value)
    if text is None or abs(round(value, decimals) - value) > 1e-9:
        return None
    before = "".join(text for _kind, text in parts[:first]).strip()
    after = "".join(text for _kind, text in parts[last + 1 :]).strip()
    return " ".join(filter(None, (before, text, after))), not (before or after)


def _fill_mask(digits, parts):
    """Put digits into places from the right, as `0000\\-00` makes 0060-40 of 6040."""
    mask = [
        (kind, char) for kind, text in parts for char in (text if kind == "digits" else (text,))
    ]
    places = sum(kind == "digits" for kind, _char in mask)
    left = list(digits)
    shown = []
    for kind, char in reversed(mask):
        if kind != "digits":
            shown.append(char)
            continue
        places -= 1
        if left:
            shown.append(left.pop())
        elif char == "0":
            shown.append("0")
        if not places:  # what is too long for the mask stands before it
            shown.extend(reversed(left))
            left = []
    text = "".join(reversed(shown)).strip()
    return (text, text == (digits or "0")) if text else None
