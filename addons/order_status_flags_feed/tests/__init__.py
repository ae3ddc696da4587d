from . import (
    test_access,
    test_backoffice,
    test_changes,
    test_http,
    test_order_amounts,
    test_order_versions,
    test_orders,
    test_orders_race,
    test_push,
    test_race,
    test_registration,
    test_uninstall,
)
