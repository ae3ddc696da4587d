from . import res_company, sale_order, sale_order_line, sale_withdrawal_check
