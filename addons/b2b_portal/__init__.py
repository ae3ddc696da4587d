from . import controllers, models
from .hooks import _pre_init_hook, _uninstall_hook
