{
    "name": "Order Withdrawal: Online Shop",
    "summary": "The public form of each shop, and the consent at checkout for digital content",
    "version": "19.0.2.1.0",
    "category": "Sales/Sales",
    "license": "LGPL-3",
    "author": "Order Desk maintainers",
    "depends": ["order_withdrawal", "order_status_flags_website_sale"],
    "data": [
        "views/payment_templates.xml",
        "views/mail_templates.xml",
        "views/sale_order_views.xml",
    ],
    "auto_install": True,
}
