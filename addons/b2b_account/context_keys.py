"""Keys of the context that only we may set (docs/decisions/0027-sentinel-keys.md)."""

# An invitation is made for the B2B portal: it leaves after the commit.
INVITATION = object()
