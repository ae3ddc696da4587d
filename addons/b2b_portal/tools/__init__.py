from . import quick_order_parser
