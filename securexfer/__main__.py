"""`python -m securexfer`, and the console script."""

import os


def main() -> None:
    """Run; a stop while the program is still being loaded has nothing to undo."""
    try:
        from securexfer.cli.app import main as run
    except KeyboardInterrupt:
        os._exit(130)
    run()


if __name__ == "__main__":
    main()
