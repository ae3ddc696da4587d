"""Fold names and searches in the same way: in Python, and in the words of PostgreSQL.

Compatibility forms ("²" is "2"), accents, case, and letters that people type otherwise ("ß" is
"ss") do not matter. Both sides do the same steps in the same order, so that a text always finds
itself. PostgreSQL 13 knows the normal forms; its extension `unaccent` is a choice of who made the
database, and searching must forgive without it.
"""

import unicodedata

from odoo.tools import SQL

# The accents of Latin, Greek, Cyrillic and Vietnamese letters, after decomposition.
FIRST_MARK, LAST_MARK = 0x300, 0x36F
# One letter for one, after lower case.
LETTERS = {"ł": "l", "đ": "d", "ø": "o", "ħ": "h", "ı": "i", "ς": "σ"}
# One letter for two; few texts have them.
PAIRS = {"ß": "ss", "æ": "ae", "œ": "oe"}

_TRANSLATION = str.maketrans(
    {**LETTERS, **dict.fromkeys(map(chr, range(FIRST_MARK, LAST_MARK + 1)))}
)


def fold_search(text):
    """Return a text as `fold_sql` folds it.

    :param str text: any text
    :rtype: str
    """
    text = unicodedata.normalize("NFKD", text).lower().translate(_TRANSLATION)
    for letter, pair in PAIRS.items():
        text = text.replace(letter, pair)
    return text


def fold_sql(text):
    """Return the SQL that folds a text as `fold_search` does.

    Most texts are plain, and to fold them is slow: they are only put into lower case.

    :param SQL text: expression of a text
    :rtype: SQL
    """
    folded = SQL(
        "translate(regexp_replace(lower(normalize(%s, NFKD)), %s, '', 'g'), %s, %s)",
        text,
        # Not translated: its time grows with the letters that it looks for.
        f"[{chr(FIRST_MARK)}-{chr(LAST_MARK)}]",
        "".join(LETTERS),
        "".join(LETTERS.values()),
    )
    for letter, pair in PAIRS.items():
        folded = SQL("replace(%s, %s, %s)", folded, letter, pair)
    return SQL(
        "CASE WHEN octet_length(%(text)s) = length(%(text)s) THEN lower(%(text)s)"
        " ELSE %(folded)s END",
        text=text,
        folded=folded,
    )
