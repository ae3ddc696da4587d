# The model first: the other files extend it.
from . import history  # isort: skip
from . import delivery, outbox  # isort: skip
