from . import order_status_webhook_secret_show
