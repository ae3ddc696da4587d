from . import test_attachment, test_bad_addresses, test_database_errors, test_replica
