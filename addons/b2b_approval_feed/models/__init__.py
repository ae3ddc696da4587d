from . import b2b_cost_center, sale_order
