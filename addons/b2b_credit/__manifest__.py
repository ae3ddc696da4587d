{
    "name": "B2B Credit",
    "summary": "Credit limit at the B2B checkout, open items, statement and invoices as files",
    "version": "19.0.2.1.0",
    "category": "Sales/Sales",
    "author": "Order Desk maintainers",
    "license": "LGPL-3",
    "depends": ["b2b_account"],
    "data": [
        "security/ir.model.access.csv",
        "data/sale_order_status_event_data.xml",
        "report/statement_templates.xml",
        "views/res_config_settings_views.xml",
        "views/b2b_credit_release_views.xml",
        "views/sale_order_views.xml",
        "views/portal_credit_templates.xml",
    ],
}
