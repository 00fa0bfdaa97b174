"""``python -m sor_opt``: the command line."""

from sor_opt.cli import main

if __name__ == "__main__":
    main()
