from . import b2b_quick_order_list
