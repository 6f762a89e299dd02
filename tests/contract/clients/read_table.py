"""All rows of a table by pyiceberg, every value as text."""

import json
import os
import sys

from pyiceberg.catalog.rest import RestCatalog

given = json.loads(os.environ["GRIDATA_CLIENTS"])
reader = given["reader"]
catalog = RestCatalog(
    "reader",
    uri=reader["catalog"]["uri"],
    token=reader["catalog"]["token"],
    warehouse=given["world"],
    **{
        "s3.endpoint": reader["s3"]["endpoint"],
        "s3.access-key-id": reader["s3"]["access_key"],
        "s3.secret-access-key": reader["s3"]["secret_key"],
        "s3.region": reader["s3"]["region"],
    },
)
rows = catalog.load_table(sys.argv[1]).scan().to_arrow().to_pylist()
print(json.dumps([{k: None if v is None else str(v) for k, v in row.items()} for row in rows]))
