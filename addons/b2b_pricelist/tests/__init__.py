from . import (
    test_agreement_prices,
    test_formatting,
    test_price_explanation,
    test_price_secrecy,
    test_prices,
    test_prices_random,
    test_pricing,
    test_pricing_queries,
    test_rule_book,
    test_uninstall,
)
