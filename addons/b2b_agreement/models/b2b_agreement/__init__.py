from . import agreement, checks, reminder, renewal, seal, sending, signing, text, validity
