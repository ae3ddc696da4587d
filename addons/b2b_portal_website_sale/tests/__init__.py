from . import test_leaks
from . import test_shop_prices
