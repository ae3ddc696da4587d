{
    "name": "Order Status & Flags: Stock",
    "summary": "Deliveries set the order status, and what has been shipped cannot be cancelled",
    "version": "19.0.2.1.0",
    "category": "Sales/Sales",
    "license": "LGPL-3",
    "author": "Order Desk maintainers",
    "depends": ["order_status_flags", "sale_stock"],
    "data": [
        "data/sale_order_status_event_data.xml",
        "data/sale_order_status_data.xml",
    ],
    "auto_install": True,
    "post_init_hook": "post_init_hook",
    "uninstall_hook": "uninstall_hook",
}
