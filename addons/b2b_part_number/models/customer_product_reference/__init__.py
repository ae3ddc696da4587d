from . import reference, evaluation
