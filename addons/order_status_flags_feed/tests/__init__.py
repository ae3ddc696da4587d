from . import (
    test_access,
    test_backoffice,
    test_changes,
    test_codebook_check,
    test_http,
    test_push,
    test_race,
    test_uninstall,
)
