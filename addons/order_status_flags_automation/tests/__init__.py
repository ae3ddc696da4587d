from . import (
    test_actions,
    test_days,
    test_days_failures,
    test_dry_run,
    test_examples,
    test_rules,
)
