# The model first: the other file extends it.
from . import status  # isort: skip
from . import checks  # isort: skip
