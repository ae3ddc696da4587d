from . import b2b_price_explanation, b2b_quick_order_list
