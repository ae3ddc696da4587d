from . import test_part_number_file, test_part_number_pages, test_part_numbers
