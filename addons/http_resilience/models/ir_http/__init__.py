from . import bad_addresses, database_errors, replica
