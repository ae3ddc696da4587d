{
    "name": "Mail retry",
    "version": "19.0.2.0.0",
    "author": "Order Desk maintainers",
    "license": "LGPL-3",
    "depends": ["mail"],
}
