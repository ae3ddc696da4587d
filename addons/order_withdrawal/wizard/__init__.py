from . import (
    sale_withdrawal_check,
    sale_withdrawal_check_line,
    sale_withdrawal_decline,
    sale_withdrawal_match,
    sale_withdrawal_part,
    sale_withdrawal_part_line,
)
