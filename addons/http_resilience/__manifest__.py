{
    "name": "HTTP Resilience",
    "summary": "Pages from a replica, database errors in words, no broken files on a full disk",
    "version": "19.0.2.1.0",
    "category": "Hidden/Tools",
    "author": "Order Desk maintainers",
    "license": "LGPL-3",
    "depends": ["web"],
}
