from . import (
    test_access,
    test_backoffice,
    test_changes,
    test_http,
    test_orders,
    test_push,
    test_race,
    test_uninstall,
)
