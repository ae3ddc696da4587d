from . import assortment, codes, customer_codes, quantities, search
