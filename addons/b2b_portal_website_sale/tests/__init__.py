from . import test_leak_walk, test_leaks, test_shop_prices
