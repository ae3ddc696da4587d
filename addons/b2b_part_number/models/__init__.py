from . import (
    b2b_part_number_list,
    base_partner_merge_automatic_wizard,
    customer_product_reference,
    product_product,
    res_company,
    res_config_settings,
)
