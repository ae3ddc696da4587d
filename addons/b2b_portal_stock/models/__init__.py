from . import product_product
from . import res_company
from . import res_config_settings
from . import stock_forecasted_product_product
