from . import (
    test_approvals,
    test_budgets,
    test_checkout,
)
