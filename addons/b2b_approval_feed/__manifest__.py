{
    "name": "B2B Portal: Cost Centres for the ERP",
    "summary": "The ERP is told the customer's cost centre of an order",
    "version": "19.0.2.1.0",
    "category": "Sales/Sales",
    "author": "Order Desk maintainers",
    "license": "LGPL-3",
    "depends": ["b2b_approval", "order_status_flags_feed"],
    "auto_install": True,
}
