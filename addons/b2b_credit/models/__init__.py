from . import (
    account_move,
    b2b_credit_check,
    payment_transaction,
    report_b2b_credit_report_statement,
    res_company,
    res_config_settings,
    res_partner,
    sale_order,
    sale_order_line,
)
