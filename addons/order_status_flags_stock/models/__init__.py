from . import sale_order, stock_move, stock_picking
