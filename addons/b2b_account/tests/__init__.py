from . import (
    test_access,
    test_addresses,
    test_colleague_races,
    test_colleagues,
    test_finance,
    test_invitation_mails,
    test_quotations,
    test_registration,
    test_registration_access,
    test_rights,
)
