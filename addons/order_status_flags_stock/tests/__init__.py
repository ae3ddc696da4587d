from . import test_delivery, test_delivery_race, test_uninstall
