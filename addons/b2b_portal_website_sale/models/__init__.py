from . import ir_http, product_pricelist, sale_order, website
