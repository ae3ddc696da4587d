from . import (
    back_office,
    cancellation,
    events,
    mail,
    order,
    portal,
    refusals,
    rejection,
    tracking,
    undo,
    writer,
)
