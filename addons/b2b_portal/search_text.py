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


# What `fold_search` does, in the words of PostgreSQL. Constants only: an index has the same text.
# Marks are not translated: the time of that grows with the letters that it looks for.
_MARKS = f"[{chr(FIRST_MARK)}-{chr(LAST_MARK)}]"
_FOLD = f"regexp_replace(lower(normalize({{text}}, NFKD)), '{_MARKS}', '', 'g')"
_FOLD = f"translate({_FOLD}, '{''.join(LETTERS)}', '{''.join(LETTERS.values())}')"
for _letter, _pair in PAIRS.items():
    _FOLD = f"replace({_FOLD}, '{_letter}', '{_pair}')"
# Most texts are plain, and to fold them is slow: they are only put into lower case.
_FOLD = f"CASE WHEN octet_length({{text}}) = length({{text}}) THEN lower({{text}}) ELSE {_FOLD} END"

# What of products is looked up in indexes: the names in all languages, and the codes.
NAMES = "jsonb_path_query_array(name, '$.*')::text"
CODES = "(COALESCE(default_code, '') || ' ' || COALESCE(barcode, ''))"


def fold_sql(text):
    """Return the SQL that folds a text as `fold_search` does.

    :param SQL text: expression of a text
    :rtype: SQL
    """
    return SQL(_FOLD.replace("{text}", "%(text)s"), text=text)


def fold_index(text):
    """Return the definition of an index by which a part of a folded text is found.

    :param str text: expression of a text
    :return: what `models.Index` takes: a function of the registry, which gives an empty definition
        where PostgreSQL has no trigrams
    """
    folded = _FOLD.replace("{text}", f"({text})")
    return lambda registry: f"USING gin (({folded}) gin_trgm_ops)" if registry.has_trigram else ""
