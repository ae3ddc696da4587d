from . import evaluation, reading
