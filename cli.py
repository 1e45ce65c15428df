"""Launcher for a checkout: `python cli.py ...` is `defectgen ...`."""

from defectgen.cli import main

if __name__ == "__main__":
    main()
