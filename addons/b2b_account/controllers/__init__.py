from . import colleague, portal, registration, shop
