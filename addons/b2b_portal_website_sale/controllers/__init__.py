from . import portal, reorder, shop
