from . import test_checkout, test_footer, test_shop_orders
