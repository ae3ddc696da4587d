from . import portal, shop
