# The model first: the other files extend it.
from . import delivery  # isort: skip
from . import body, sending  # isort: skip
