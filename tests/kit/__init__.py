"""What tests/conftest.py is made of."""
