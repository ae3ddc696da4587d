from . import (
    test_access,
    test_backoffice,
    test_changes,
    test_documents,
    test_documents_import,
    test_documents_portal,
    test_http,
    test_push,
    test_race,
    test_uninstall,
)
