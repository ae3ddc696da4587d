{
    "name": "B2B Part Numbers",
    "summary": "The customer's own part numbers: found, shown, kept by the buyer himself",
    "version": "19.0.2.1.0",
    "category": "Sales/Sales",
    "author": "Order Desk maintainers",
    "license": "LGPL-3",
    "depends": ["b2b_portal"],
    "data": [
        "security/ir.model.access.csv",
        "security/ir_rules.xml",
        "views/customer_product_reference_views.xml",
        "views/portal_part_number_templates.xml",
        "views/res_config_settings_views.xml",
        "views/customer_product_reference_menus.xml",
    ],
}
