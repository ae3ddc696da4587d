"""Who may be a consumer, as far as an address tells."""

import re

# The European Economic Area by the codes of ISO 3166, with the parts of the Union that have a code
# of their own (Åland, French overseas departments).
_CODES = (
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
    " IS LI NO AX GF GP MF MQ RE YT"
)
EEA = frozenset(_CODES.split())

# Names of companies in Poland that are no sole trader: a sole trader's carries a person's name and
# none of these.
LEGAL_PERSON = re.compile(
    r"\b(sp(ó[łl]ka|\.)?\s*z\s*o\.?\s*o|z\s+ograniczon|s\.\s*a\b|sp[óo][łl]k|sp\.\s*[kjp]\b"
    r"|s\.\s*k\.\s*a\b|p\.?\s*s\.?\s*a\b|fundacja|stowarzyszenie|sp[óo][łl]dzielni|przedsi[ęe]biorstwo"
    r"\s+pa[ńn]stwowe|gmina|uniwersytet|gmbh|ltd|s\.\s*r\.\s*o|inc\b)",
    re.IGNORECASE,
)


def is_in_eea(country_code):
    """Whether a customer of this country has the right; who says no country may have it."""
    return not country_code or country_code.upper() in EEA


def may_be_sole_trader(name):
    """Whether a Polish company of this name may be one person: then the right may be there.

    Since 1 January 2021 sole traders withdraw like consumers where the contract is not of a
    professional kind for them (Article 38a of the Polish act on consumer rights). A tax number says
    nothing; a legal form in the name does.
    """
    return not LEGAL_PERSON.search(name or "")
