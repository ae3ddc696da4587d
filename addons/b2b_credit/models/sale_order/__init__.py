from . import acceptance, checkout, confirmation, hold
