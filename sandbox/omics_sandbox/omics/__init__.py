"""An emulator of the AWS HealthOmics storage API (sequence stores and read sets)."""
