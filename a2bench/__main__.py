"""``python -m a2bench``."""

from a2bench.cli import main

if __name__ == "__main__":
    main()
