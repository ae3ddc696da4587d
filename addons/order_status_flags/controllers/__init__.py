from . import payment, portal, tracking
