"""Tell whether a text can be a VAT number. Pure Python, by `stdnum`; VIES is asked elsewhere."""

import re
from functools import cache

from stdnum.exceptions import ValidationError
from stdnum.util import get_cc_module

# SQL: letters and digits of the number of a contact, however somebody typed it.
VAT_NUMBER = "regexp_replace(vat, '[^[:alnum:]]', '', 'g')"

_BLANKS = re.compile(r"[\s./\-_·]+")
# Where the letters of the VAT number are not those of the country.
_COUNTRIES = {"EL": "gr", "XI": "gb", "UK": "gb"}
# Of a country for which `stdnum` knows no rule.
_ANY = re.compile(r"[A-Z0-9]{4,18}\Z")


@cache
def _get_module(country):
    return get_cc_module(country.lower(), "vat")


def clean_vat(text, country=""):
    """Return a VAT number in one spelling: the letters of its country and what follows.

    :param str text: as typed
    :param str country: ISO code of the country of a number without letters
    :return: '' when it cannot be one
    :rtype: str
    """
    text = _BLANKS.sub("", text or "").upper()
    if not text.isascii() or len(text) > 20:
        return ""
    prefix = text[:2]
    if prefix.isalpha() and (code := _read_country(prefix)):
        return _check(text[2:], prefix, code)
    return _check(text, country.upper(), country.lower()) if country else ""


def _read_country(prefix):
    code = _COUNTRIES.get(prefix, prefix.lower())
    return code if _get_module(code) or prefix in _COUNTRIES else ""


def _check(number, prefix, country):
    module = _get_module(country)
    if module is None:
        return f"{prefix}{number}" if _ANY.match(number) else ""
    for one in (number, f"{prefix}{number}"):
        try:
            compact = module.validate(one)
        except ValidationError:
            continue
        # Some rules keep the letters, some take them off.
        return f"{prefix}{compact.removeprefix(prefix)}"
    return ""
