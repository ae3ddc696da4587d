from . import (
    test_withdrawal_access,
    test_withdrawal_clerk,
    test_withdrawal_credit_note,
    test_withdrawal_deadline,
    test_withdrawal_mail,
    test_withdrawal_offer,
    test_withdrawal_pages,
    test_withdrawal_payment,
    test_withdrawal_recording,
    test_withdrawal_settings,
    test_withdrawal_words,
)
