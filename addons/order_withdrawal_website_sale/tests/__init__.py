from . import test_withdrawal_shop
