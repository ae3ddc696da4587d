from . import product_pricelist, website
