# The model first: the other files extend it.
from . import feed  # isort: skip
from . import changes, documents, key, orders, push, reading, registration
