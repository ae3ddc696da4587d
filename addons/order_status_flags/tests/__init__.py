from . import (
    test_cancellation,
    test_events,
    test_install,
    test_mail_link,
    test_notification,
    test_portal,
    test_race,
    test_report,
    test_tracking,
    test_writer,
)
