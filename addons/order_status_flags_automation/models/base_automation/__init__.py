# The model first: the other files extend it.
from . import rule  # isort: skip
from . import days, dry_run  # isort: skip
