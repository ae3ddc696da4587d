# The model first: the other files extend it, and `kinds` the outbox.
from . import history  # isort: skip
from . import delivery, outbox  # isort: skip
from . import kinds  # isort: skip
