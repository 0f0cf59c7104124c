"""`python -m escalation` and the `escalation` command: hands arguments and environment to the command line and ends with its
exit code. Nothing else."""

from __future__ import annotations

import logging
import os
import sys

from escalation.cli.root import run


def main() -> None:
    # What modules log is for processes that stay; here it would be a second line beside the error's own.
    logging.getLogger().addHandler(logging.NullHandler())
    sys.exit(run(sys.argv[1:], os.environ))


if __name__ == "__main__":
    main()
