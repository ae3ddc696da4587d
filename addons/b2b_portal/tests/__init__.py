from . import (
    test_agreement_portal,
    test_agreements,
    test_orders,
    test_price_explanation,
    test_prices,
    test_quick_order_parser,
    test_races,
    test_replica,
    test_shop_pages,
    test_shop_races,
    test_shop_search,
    test_uninstall,
)
