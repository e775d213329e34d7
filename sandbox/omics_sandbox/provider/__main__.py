"""Run the plugin: `python -m omics_sandbox.provider`. The engine starts it, and talks to it over gRPC."""

from omics_sandbox.provider.plugin import serve

if __name__ == "__main__":
    serve()
