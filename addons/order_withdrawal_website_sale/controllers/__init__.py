from . import cart, checkout
