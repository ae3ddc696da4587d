from . import (
    test_frame,
    test_leak_walk,
    test_leaks,
    test_own_shop,
    test_shop_prices,
    test_web_orders,
)
