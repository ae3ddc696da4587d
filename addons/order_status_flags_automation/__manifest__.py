{
    "name": "Order Status & Flags: Automation",
    "summary": "Odoo's automation rules know order statuses and flags",
    "version": "19.0.2.1.0",
    "category": "Sales/Sales",
    "license": "LGPL-3",
    "author": "Order Desk maintainers",
    "depends": ["order_status_flags", "base_automation"],
    "data": [
        "security/ir.model.access.csv",
        "data/sale_order_status_data.xml",
        "data/mail_template_data.xml",
        "data/base_automation_data.xml",
        "views/base_automation_views.xml",
        "views/ir_actions_server_views.xml",
    ],
    "assets": {
        "web.assets_backend": ["order_status_flags_automation/static/src/*"],
    },
    "auto_install": True,
    "uninstall_hook": "uninstall_hook",
}
