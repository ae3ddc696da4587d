from . import order_status_webhook, order_status_webhook_delivery, sale_order, sale_order_status
