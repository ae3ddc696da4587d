from . import (
    account_move,
    mail_mail,
    mail_template,
    product_template,
    res_company,
    res_config_settings,
    sale_order,
    sale_order_status_history,
    sale_withdrawal,
    sale_withdrawal_line,
    sale_withdrawal_mail,
    sale_withdrawal_report,
)
