from . import reference, rows
