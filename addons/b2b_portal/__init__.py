from . import controllers, models
from .hooks import _uninstall_hook
