from . import (
    ir_http,
    order_flag_feed,
    order_flag_feed_log,
    order_flag_feed_mapping,
    order_flag_feed_unknown_flag,
    res_users,
    sale_order,
    sale_order_status,
    sale_order_status_history,
)
