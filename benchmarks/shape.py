"""Whether values look like those that Odoo writes: filled or empty, and of the same kind."""

import re

# Texts of one kind look alike; the first that fits counts.
CLASSES = {
    "uuid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "hex": re.compile(r"[0-9a-f]{32,}"),
    "e-mail": re.compile(r"[^@\s<>]+@[^@\s<>]+"),
    "message id": re.compile(r"<[^@\s<>]+@[^@\s<>]+>"),
    "number": re.compile(r"[+-]?[\d ]+"),
    "document": re.compile(r"[A-Z]+[/ ]?[\d/]+"),
    "HTML": re.compile(r"<.*>", re.S),
}


def compare(made, copied):
    """Tell how a column of copies differs in kind from one that Odoo filled.

    :param list made: values of rows that Odoo made
    :param list copied: values of copies
    :return: the difference in words, None when there is none
    """
    empty, filled = copied.count(None), len(copied) - copied.count(None)
    if None not in made and empty:
        return f"{empty} of {len(copied)} are empty, and Odoo fills it"
    if made.count(None) == len(made) and filled:
        return f"{filled} of {len(copied)} are filled, and Odoo leaves it empty"
    known = {classify(value) for value in made if value is not None}
    kinds = {classify(value) for value in copied if value is not None}
    if known and (strange := kinds - known):
        return f"{', '.join(sorted(strange))}, and Odoo writes {', '.join(sorted(known))}"
    if len(set(map(repr, made))) == len(made) > 1 and len(set(map(repr, copied))) == 1 < len(
        copied
    ):
        return "always the same, and Odoo writes another value each time"
    return None


def classify(value):
    """Return of what kind a value is, in a word or two."""
    if isinstance(value, dict):
        return f"JSON of {', '.join(sorted(value))}"
    if isinstance(value, str):
        return next((name for name, form in CLASSES.items() if form.fullmatch(value)), "text")
    return type(value).__name__
