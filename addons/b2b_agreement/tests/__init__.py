from . import test_agreement_portal, test_agreements, test_mails, test_races
