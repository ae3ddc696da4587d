from . import (
    test_access,
    test_approvals,
    test_budget_rates,
    test_budgets,
    test_checkout,
    test_customers,
    test_links,
    test_naming,
    test_pages,
    test_quotations,
    test_races,
    test_web,
)
