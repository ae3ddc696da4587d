from . import (
    test_gate,
    test_orders,
    test_quick_order_pages,
    test_quick_order_parser,
    test_replica,
    test_shop_pages,
    test_shop_races,
    test_shop_search,
    test_uninstall,
)
