from . import (
    test_cancellation,
    test_events,
    test_install,
    test_notification,
    test_race,
    test_writer,
)
