"""Values of context keys that only these addons may set.

Objects, since no RPC call can bring one along. The keys that callers may set are listed in
``docs/architecture.md``.
"""

# `order_status_keep_rejected`: cancelling leaves the rejected status that the order has.
KEEP_REJECTED = object()
# `order_status_link`: the PDF is made for the order's customer, whoever makes it.
FOR_CUSTOMER = object()
