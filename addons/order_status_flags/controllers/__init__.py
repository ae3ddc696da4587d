from . import lookup, payment, portal, tracking
