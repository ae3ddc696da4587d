from . import open_items, standing, statement
