"""`python -m defectgen ...` is `defectgen ...`."""

from defectgen.cli import main

if __name__ == "__main__":
    main()
