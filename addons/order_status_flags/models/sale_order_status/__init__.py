# The model first: the other files extend it.
from . import status  # isort: skip
from . import checks, review  # isort: skip
