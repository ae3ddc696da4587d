from . import stock_withdrawal_hold
