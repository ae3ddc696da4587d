from . import test_prices
from . import test_agreements
from . import test_agreement_portal
