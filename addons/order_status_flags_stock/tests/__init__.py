from . import (
    test_delivery,
    test_delivery_race,
    test_inter_company,
    test_invoiced,
    test_other_goods,
    test_promise,
    test_uninstall,
)
