from . import product_product, res_company, res_config_settings, stock_forecasted_product_product
