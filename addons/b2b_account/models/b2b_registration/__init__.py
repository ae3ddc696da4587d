from . import registration, review, access  # isort: skip
