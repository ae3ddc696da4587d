from . import test_footer, test_shop_orders
