from . import checkout, hold
