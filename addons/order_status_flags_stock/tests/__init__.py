from . import (
    test_delivery,
    test_delivery_race,
    test_inter_company,
    test_other_goods,
    test_promise,
    test_uninstall,
)
