from . import assortment, categories, codes, customer_codes, page, quantities, search
