from . import sale_withdrawal_check
