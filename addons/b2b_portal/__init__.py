from . import controllers, models, wizard
from .hooks import _uninstall_hook
