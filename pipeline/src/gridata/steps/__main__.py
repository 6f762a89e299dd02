"""`python -m gridata.steps <validate|process|check|publish> --world W --batch B --attempt N`."""

import argparse
import sys

from gridata.config import read_config
from gridata.log import Log
from gridata.steps.run import STEPS, run_step


def main() -> int:
    parser = argparse.ArgumentParser(prog="gridata.steps", description="Runs one step of a batch.")
    parser.add_argument("step", choices=sorted(STEPS))
    parser.add_argument("--world", required=True)
    parser.add_argument("--batch", required=True)
    parser.add_argument("--attempt", required=True, type=int)
    arguments = parser.parse_args()
    log = Log("steps")
    return run_step(read_config(), log, arguments.step, arguments.world, arguments.batch, arguments.attempt)


if __name__ == "__main__":
    sys.exit(main())
