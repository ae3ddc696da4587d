from . import (
    test_access,
    test_address_guard,
    test_body,
    test_deletion,
    test_delivery,
    test_faults,
    test_kill,
    test_secret,
    test_signature,
)
