# The model first: the other file extends it.
from . import member  # isort: skip
from . import administration  # isort: skip
