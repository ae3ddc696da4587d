"""Values of context keys that only this addon may set: objects, which no RPC call can bring."""

# `order_withdrawal_write`: fields of a statement that nobody else changes.
WITHDRAWAL_WRITE = object()
