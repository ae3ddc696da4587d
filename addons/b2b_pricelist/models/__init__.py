from . import (
    b2b_agreement,
    ir_rule,
    product_pricelist,
    product_pricelist_item,
    product_template,
    res_company,
    res_config_settings,
    res_partner,
    sale_order,
    sale_order_line,
)
