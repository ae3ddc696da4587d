{
    "name": "Order Status & Flags: Online Shop",
    "summary": "Orders of the online shop are web orders; a cart has no status",
    "version": "19.0.2.1.0",
    "category": "Sales/Sales",
    "license": "LGPL-3",
    "author": "Order Desk maintainers",
    "depends": ["order_status_flags", "website_sale"],
    "data": ["views/website_templates.xml"],
    "demo": ["demo/product_demo.xml"],
    "auto_install": True,
    "post_init_hook": "post_init_hook",
}
