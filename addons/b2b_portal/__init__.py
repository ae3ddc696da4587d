from . import controllers, models, wizard
from .hooks import _pre_init_hook, _uninstall_hook
