# The model first: the other files extend it.
from . import withdrawal  # isort: skip
from . import (
    amounts,
    answer,
    case,
    clerk,
    credit_note,
    mail,
    part,
    processing,
    recording,
    retention,
)  # isort: skip
