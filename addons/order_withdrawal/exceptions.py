"""Exceptions from the right of withdrawal: Directive 2011/83/EU, Article 16, first paragraph."""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

# value: (name for the clerk, article, text for the customer)
EXCEPTIONS = {
    "custom_made": (
        _lt("Made to order"),
        "16(c)",
        _lt("This article is made to your specifications or clearly personalised."),
    ),
    "perishable": (
        _lt("Perishable"),
        "16(d)",
        _lt("This article is liable to deteriorate or expire rapidly."),
    ),
    "sealed_hygiene": (
        _lt("Sealed, hygiene or health"),
        "16(e)",
        _lt(
            "This article is sealed for reasons of health protection or hygiene; the right of"
            " withdrawal ends when you open the seal."
        ),
    ),
    "sealed_media": (
        _lt("Sealed recordings or software"),
        "16(i)",
        _lt(
            "These are sealed recordings or sealed software; the right of withdrawal ends when you"
            " open the seal."
        ),
    ),
    "digital": (
        _lt("Digital content"),
        "16(m)",
        _lt(
            "This is digital content that is not on a tangible medium; the right of withdrawal ends"
            " when we begin to supply it with your express consent."
        ),
    ),
    "dated_service": (
        _lt("Service for a certain date"),
        "16(l)",
        _lt(
            "This is accommodation, transport, car rental, catering or leisure for a specific date"
            " or period."
        ),
    ),
    "market_price": (
        _lt("Price of the market"),
        "16(b)",
        _lt("The price depends on fluctuations of the financial market that we cannot control."),
    ),
    "newspaper": (
        _lt("Newspaper, periodical"),
        "16(j)",
        _lt("This is a newspaper, periodical or magazine that is not a subscription."),
    ),
}
