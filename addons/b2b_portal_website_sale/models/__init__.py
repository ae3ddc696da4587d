from . import (
    ir_http,
    product_pricelist,
    res_company,
    res_config_settings,
    sale_order,
    website,
)
