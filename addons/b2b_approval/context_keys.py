"""Keys of the context that only this addon may set: objects, which no RPC call can bring along."""

# An approved request becomes an order, or a checked cart becomes a request.
APPROVED = object()
# A decision is written, and a request is made or changed.
DECIDING = object()
