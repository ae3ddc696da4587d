from . import test_leaks, test_shop_prices
