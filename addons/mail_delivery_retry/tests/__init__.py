from . import test_attempt, test_delivery, test_headers, test_options
