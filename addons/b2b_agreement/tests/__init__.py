from . import (
    test_access,
    test_agreement_portal,
    test_agreements,
    test_customers,
    test_mails,
    test_races,
    test_seal,
)
