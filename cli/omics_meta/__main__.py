"""Entry point of the console script `omics-meta` and of `python -m omics_meta`."""

from omics_meta.app import app


def main() -> None:
    """Run the command line."""
    app(prog_name="omics-meta")


if __name__ == "__main__":
    main()
