from datetime import timedelta

# An e-mail that failed for now is tried again after growing pauses, for a day in all.
RETRY_FIRST = timedelta(minutes=5)
RETRY_LONGEST = timedelta(hours=4)
RETRY_TOTAL = timedelta(hours=24)

# In the context while the mail queue, which commits after each e-mail, hands one over. An object,
# since no caller from outside may ask for a commit.
COMMITS = object()


class Accepted(list):
    """Addresses that the mail server has accepted; a class of its own, which no RPC call brings."""
