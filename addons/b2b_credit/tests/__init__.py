from . import (
    test_account_page,
    test_checkout,
    test_credit_race,
    test_given_up,
    test_hold,
    test_offers,
    test_standing,
)
