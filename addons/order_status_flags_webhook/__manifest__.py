{
    "name": "Order Status & Flags: Webhooks",
    "summary": "Signed webhooks tell other systems of every change of an order's status",
    "version": "19.0.2.1.0",
    "category": "Sales/Sales",
    "license": "LGPL-3",
    "author": "Order Desk maintainers",
    "depends": ["order_status_flags"],
    "data": [
        "security/ir_rule.xml",
        "security/ir.model.access.csv",
        "data/ir_cron_data.xml",
        "wizard/order_status_webhook_secret_show_views.xml",
        "views/order_status_webhook_delivery_views.xml",
        "views/order_status_webhook_views.xml",
        "views/order_status_webhook_menus.xml",
    ],
}
