from . import test_access, test_colleagues, test_registration, test_rights
