"""`python -m securexfer`."""

from securexfer.cli.app import main

if __name__ == "__main__":
    main()
