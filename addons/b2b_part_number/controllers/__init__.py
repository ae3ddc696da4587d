from . import part_numbers
