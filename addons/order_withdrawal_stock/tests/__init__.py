from . import test_withdrawal_returns, test_withdrawal_stock
