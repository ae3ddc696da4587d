from . import (
    order_flag_feed_apply,
    order_flag_feed_import,
    order_flag_feed_key,
    order_flag_feed_key_show,
)
