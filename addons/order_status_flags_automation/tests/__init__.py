from . import test_actions, test_days, test_dry_run, test_examples, test_rules
