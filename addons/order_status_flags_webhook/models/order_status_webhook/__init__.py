# The model first: the other files extend it.
from . import webhook  # isort: skip
from . import listening, secret  # isort: skip
