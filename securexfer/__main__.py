"""`python -m securexfer`, and the console script."""

import sys


def main() -> None:
    """Run; a stop while the program is still being loaded has nothing to undo."""
    try:
        from securexfer.cli.app import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
