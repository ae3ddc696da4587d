from . import test_agreement_prices, test_price_explanation, test_prices, test_uninstall
