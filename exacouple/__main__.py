"""``python -m exacouple``: the command line without installing the console script."""

from exacouple.cli import entry

if __name__ == "__main__":
    entry()
