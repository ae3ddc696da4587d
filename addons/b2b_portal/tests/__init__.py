from . import (
    test_full_disk,
    test_gate,
    test_orders,
    test_proforma_mail,
    test_quick_order_parser,
    test_replica,
    test_shop_pages,
    test_shop_races,
    test_shop_search,
    test_uninstall,
)
