from . import assortment, codes, customer_codes, page, quantities, search
