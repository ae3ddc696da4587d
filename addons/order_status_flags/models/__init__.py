from . import (
    account_move,
    mail_mail,
    mail_template,
    payment_transaction,
    res_company,
    res_config_settings,
    sale_order,
    sale_order_flag,
    sale_order_line,
    sale_order_status,
    sale_order_status_event,
    sale_order_status_history,
)
