"""`python -m evalbot`."""

from evalbot.cli import main

if __name__ == "__main__":
    main()
