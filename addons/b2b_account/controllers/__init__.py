from . import colleague, portal, shop
