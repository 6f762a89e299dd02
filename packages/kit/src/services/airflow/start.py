"""`python start.py api-server ..`: Airflow, with the collector of cyclic garbage called less often.

Building an API of hundreds of routes makes hundreds of thousands of objects that stay; looking through them again and again takes a
third of the start. What is not collected meanwhile is some megabytes.
"""

import gc
import sys

gc.set_threshold(50_000, 20, 100)

from airflow.__main__ import main  # noqa: E402

if __name__ == "__main__":
    sys.argv[0] = "airflow"
    sys.exit(main())
