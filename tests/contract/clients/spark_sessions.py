"""Opens sessions of a Spark server and leaves without ending them, as a program that dies does; or ends them."""

import json
import os
import sys
import uuid

from pyspark.sql.connect.session import SparkSession

settings = json.loads(os.environ["GRIDATA_CLIENTS"])["engine"]["spark"]
os.environ["SPARK_CONNECT_AUTHENTICATE_TOKEN"] = settings["token"]
act, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
for number in range(count):
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{name}/{number}")
    spark = SparkSession.builder.remote(f"{settings['uri']}/;session_id={identity}").create()
    spark.conf.get("spark.sql.session.timeZone")
    if act == "end":
        spark.stop()
print(json.dumps(count))
sys.stdout.flush()
os._exit(0)
