{
    "name": "Order Withdrawal: Stock",
    "summary": "The period begins with the last delivery; withdrawn goods are held, and come back",
    "version": "19.0.2.1.0",
    "category": "Sales/Sales",
    "license": "LGPL-3",
    "author": "Order Desk maintainers",
    "depends": ["order_withdrawal", "order_status_flags_stock"],
    "data": [
        "security/ir.model.access.csv",
        "wizard/stock_withdrawal_hold_views.xml",
        "views/stock_picking_views.xml",
        "views/sale_withdrawal_views.xml",
    ],
    "auto_install": True,
}
