from . import agreement, checks, reminder, renewal, signing, text, validity
