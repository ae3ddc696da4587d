from . import (
    sale_order_cancellation_decline,
    sale_order_promise_wizard,
    sale_order_status_finding,
    sale_order_status_mail_test,
    sale_order_status_wizard,
)
