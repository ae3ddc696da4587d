from . import test_access, test_colleagues, test_rights
