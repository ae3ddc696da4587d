{
    "name": "Mail Delivery Retry",
    "summary": "E-mails that matter are tried again, one by one; a missing PDF stops none",
    "version": "19.0.2.1.0",
    "category": "Productivity/Discuss",
    "author": "Order Desk maintainers",
    "license": "LGPL-3",
    "depends": ["mail"],
}
