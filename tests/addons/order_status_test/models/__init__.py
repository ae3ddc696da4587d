from . import order_status_test_heard, sale_order
