from . import (
    b2b_credit_check,
    res_company,
    res_config_settings,
    res_partner,
    sale_order,
)
