from . import ir_http, product_pricelist, website
