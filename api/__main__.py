"""`python -m api` is `planner`."""

import sys

from api.cli import main

if __name__ == "__main__":
    sys.exit(main())
