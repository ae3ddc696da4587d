from . import product_pricelist
from . import website
