"""`omics-meta activate`: starts the jobs that bring archived read sets back.

Beside the self-test, it is the only command that changes anything in HealthOmics.
"""
