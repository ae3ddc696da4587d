from . import test_agreement_portal
from . import test_agreements
from . import test_orders
from . import test_prices
from . import test_quick_order_parser
from . import test_shop_pages
from . import test_shop_search
from . import test_races
