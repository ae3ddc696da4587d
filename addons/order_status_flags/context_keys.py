"""Values of context keys that only these addons may set.

Objects, since no RPC call can bring one along. The keys that callers may set are listed in
``docs/architecture.md``.
"""

# `order_status_keep_rejected`: cancelling leaves the rejected status that the order has.
KEEP_REJECTED = object()
# `order_status_link`: the PDF is made for the order's customer, whoever makes it.
FOR_CUSTOMER = object()
# `order_status_answer`: the message answers a request to cancel, and no question.
TO_REQUEST = object()


class CompiledBodies(dict):
    """`order_status_compiled`: what the bodies of a batch of e-mails were compiled to, once."""

    # Contexts are compared when environments are looked up: as objects, not by what is in it.
    __eq__ = object.__eq__
    __ne__ = object.__ne__
    __hash__ = object.__hash__
