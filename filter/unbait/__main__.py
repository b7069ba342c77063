"""``python -m unbait`` is the command line."""

from unbait.cli import main

if __name__ == "__main__":
    main(prog_name="unbait")
