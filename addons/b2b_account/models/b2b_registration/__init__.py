from . import registration, review
