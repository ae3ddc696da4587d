from . import sale_order, sale_withdrawal, stock_picking
