"""Texts for a file in cp1250: transliterated, and cut to the size of a field."""

import hashlib
import unicodedata

CYRILLIC = {
    "а": "a", "б": "b", "в": "v", "г": "h", "ґ": "g", "д": "d", "е": "e", "є": "ie", "ж": "zh",
    "з": "z", "и": "y", "і": "i", "ї": "i", "й": "i", "к": "k", "л": "l", "м": "m", "н": "n",
    "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "kh", "ц": "ts",
    "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "iu",
    "я": "ia", "ё": "io", "љ": "lj", "њ": "nj", "ђ": "đ", "ћ": "ć", "џ": "dž", "ј": "j",
    "ў": "u",
}  # fmt: skip
GREEK = {
    "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i",
    "κ": "k", "λ": "l", "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s",
    "ς": "s", "τ": "t", "υ": "y", "φ": "f", "χ": "ch", "ψ": "ps", "ω": "o",
}  # fmt: skip
OTHERS = {"ø": "o", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i", "ħ": "h", "ŋ": "n"}
OTHERS |= {"\u2212": "-", "\u2010": "-", "\u2011": "-", "\u2015": "-", "\u2044": "/"}
OTHERS |= {"₽": "RUB", "№": "No ", "ß": "ss"}
LETTERS = {**CYRILLIC, **GREEK, **OTHERS}

HASH = 6


def transliterate(text):
    """Return a text in the letters of cp1250, on one line.

    :param str text: anything; what has no Latin letter, such as an emoji, is left out
    """
    text = unicodedata.normalize("NFC", " ".join(str(text or "").split()))
    return " ".join("".join(map(_transliterate_one, text)).split())


def _transliterate_one(char):
    if _fits(char):
        return char if char.isprintable() else ""
    plain = LETTERS.get(char.lower())
    if plain is not None:
        plain = plain.capitalize() if char.isupper() else plain
        return plain if _fits(plain) else transliterate(plain)
    parts = unicodedata.normalize("NFKD", char)
    if parts == char:
        return ""
    return "".join(map(_transliterate_one, parts))


def _fits(text):
    try:
        text.encode("cp1250")
    except UnicodeEncodeError:
        return False
    return True


def cut(text, length):
    """Return a text for a field, cut when it is too long."""
    return transliterate(text)[:length].rstrip()


def cut_key(text, length):
    """Return a symbol or number for a field: cut, it ends in a hash of the whole.

    What the letters of cp1250 cannot say counts too: two symbols never become one.
    """
    plain = transliterate(text)
    if len(plain) <= length and (plain == str(text).strip() or not text):
        return plain
    digest = hashlib.sha256(str(text).encode()).hexdigest()[:HASH].upper()
    return f"{plain[: length - HASH - 1].rstrip()}-{digest}"
