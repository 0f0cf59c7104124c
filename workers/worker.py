"""A worker of our app: `python -m workers.worker --queues pages …`, with all that Celery's `worker` command understands. Not Celery's own
command line (`celery -A workers.app worker` does the same): that one imports the plugins of every installed package, and Flower's
would be 12 MB in each worker."""

from __future__ import annotations

from celery.bin.base import CLIContext
from celery.bin.worker import worker

from workers.app import app


def main() -> None:
    """Until SIGTERM or SIGINT."""
    worker.main(prog_name="python -m workers.worker", obj=CLIContext(app=app, no_color=False, workdir=None))


if __name__ == "__main__":
    main()
