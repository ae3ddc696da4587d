# The model first: the other files extend it.
from . import withdrawal  # isort: skip
from . import case, clerk, credit_note, mail, processing, recording, retention  # isort: skip
