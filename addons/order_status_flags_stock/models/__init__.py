from . import (
    sale_order,
    sale_order_line,
    sale_order_status,
    stock_location,
    stock_move,
    stock_picking,
)
