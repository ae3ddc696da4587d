{
    "name": "B2B Portal: Stock",
    "summary": "Availability in the B2B shop, in words or in quantities",
    "version": "19.0.2.1.0",
    "category": "Sales/Sales",
    "author": "Order Desk maintainers",
    "license": "LGPL-3",
    "depends": ["b2b_portal", "sale_stock"],
    "data": ["security/ir_rules.xml", "views/res_config_settings_views.xml"],
    "demo": ["demo/b2b_stock_demo.xml"],
    "auto_install": True,
}
