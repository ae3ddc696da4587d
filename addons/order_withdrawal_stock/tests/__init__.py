from . import test_withdrawal_stock
