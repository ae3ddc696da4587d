from . import assortment, codes, quantities, search
