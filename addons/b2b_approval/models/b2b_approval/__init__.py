# The model first: the other files extend it.
from . import approval  # isort: skip
from . import decide, notify, show  # isort: skip
