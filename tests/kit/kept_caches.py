"""Plugin of pytest for the tests inside Odoo: what Odoo has compiled stays between tests.

Odoo empties every cache after each test and each class, as what a test wrote is rolled back.
Compiling the same templates and routes again was two fifths of the processor's time of a run.
Whatever changes what such a cache was made from empties it, for the other servers' sake: a cache
that nobody has emptied since a test began knows nothing of what that test wrote, and stays. What
is read from data (the cache `default`) is emptied after each test as before.

Garbage is looked for less often too: Odoo's registry, which stays, is walked each time.
"""

import functools
import gc
from unittest import mock

from odoo.orm import registry as orm_registry
from odoo.tests.common import TransactionCase, get_db_name

Registry = orm_registry.Registry
EVERY = frozenset(orm_registry._CACHES_BY_KEY)
KEPT = frozenset({"assets", "groups", "routing", "stable", "templates"})


class Watch:
    """Which caches were emptied since a test, or a class of tests, began."""

    emptied = frozenset()

    def instead_of_emptying_all(self):
        """Return a patch by which only the caches are emptied that are not kept."""

        def empty(_registry):
            Registry(get_db_name()).clear_cache(*sorted(EVERY - KEPT | self.emptied))

        return mock.patch.object(Registry, "clear_all_caches", empty)


TEST, CLASS = Watch(), Watch()


def pytest_sessionstart():
    gc.set_threshold(200_000, 20, 100)
    TransactionCase.setUp = of_a_test(TransactionCase.setUp)
    TransactionCase.setUpClass = classmethod(of_a_class(TransactionCase.setUpClass.__func__))
    Registry.clear_cache = noted(Registry.clear_cache)
    Registry.clear_all_caches = noted(Registry.clear_all_caches, EVERY)
    Registry._setup_models__ = noted(Registry._setup_models__, EVERY)


def noted(method, emptied=()):
    """Note what a method of the registry empties, in whatever thread: as given, or by its names."""

    @functools.wraps(method)
    def wrapper(registry, *names, **options):
        for watch in (TEST, CLASS):
            watch.emptied |= {*(emptied or names or ["default"])}
        return method(registry, *names, **options)

    return wrapper


def of_a_test(set_up):
    """Let the clean-up that `setUp` registers keep what it can."""

    @functools.wraps(set_up)
    def wrapper(self):
        TEST.emptied = frozenset()
        with TEST.instead_of_emptying_all():
            set_up(self)

    return wrapper


def of_a_class(set_up_class):
    """Let the clean-up that `setUpClass` registers keep what it can."""

    @functools.wraps(set_up_class)
    def wrapper(cls):
        CLASS.emptied = frozenset()
        patch = CLASS.instead_of_emptying_all()
        # Odoo's looks the method up when it runs. What is registered last runs first.
        cls.addClassCleanup(patch.stop)
        set_up_class(cls)
        cls.addClassCleanup(patch.start)

    return wrapper
