from . import (
    test_access,
    test_agreement_portal,
    test_agreement_rules,
    test_agreement_text,
    test_agreements,
    test_changes_after_sending,
    test_customers,
    test_mails,
    test_naming,
    test_races,
    test_reminders,
    test_seal,
)
