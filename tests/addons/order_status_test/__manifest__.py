{
    "name": "Order Status: test of who hears of changes",
    "summary": "Overrides `write` and the hook, and notes what it hears; for tests only",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "license": "LGPL-3",
    "author": "Order Desk maintainers",
    "depends": ["order_status_flags"],
    "data": ["security/ir.model.access.csv"],
}
