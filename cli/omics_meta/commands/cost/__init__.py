"""Estimates what the product costs: amounts by the code and by assumptions, times list prices."""
