# The model first: the other files extend it.
from . import status  # isort: skip
from . import added_events, checks, quiet, review  # isort: skip
