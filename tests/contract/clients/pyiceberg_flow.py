"""pyiceberg over the catalog: the whole road of a batch, with the identities that the pipeline has."""

import json
import os

import pyarrow as pa
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table.refs import SnapshotRefType
from pyiceberg.table.update import AssertRefSnapshotId, AssertTableUUID, SetSnapshotRefUpdate

given = json.loads(os.environ["GRIDATA_CLIENTS"])


def catalog(identity: str) -> RestCatalog:
    config = given[identity]
    s3 = config["s3"]
    return RestCatalog(
        identity,
        uri=config["catalog"]["uri"],
        token=config["catalog"]["token"],
        warehouse=given["world"],
        **{
            "s3.endpoint": s3["endpoint"],
            "s3.access-key-id": s3["access_key"],
            "s3.secret-access-key": s3["secret_key"],
            "s3.region": s3["region"],
        },
    )


engine, publisher = catalog("engine"), catalog("publisher")
engine.create_namespace_if_not_exists("clients")
rows = pa.table({"id": pa.array([1, 2, 3], pa.int64())})
table = engine.create_table("clients.py", schema=rows.schema)
base = table.current_snapshot().snapshot_id
for branch in ("audit_py_1", "audit_py_2"):
    table.manage_snapshots().create_branch(base, branch).commit()
    table.append(rows, branch=branch)


def publish(by: RestCatalog, branch: str) -> None:
    current = by.load_table("clients.py")
    to = current.metadata.refs[branch].snapshot_id
    by.commit_table(
        current,
        (AssertTableUUID(uuid=current.metadata.table_uuid), AssertRefSnapshotId(ref="main", snapshot_id=base)),
        (SetSnapshotRefUpdate(ref_name="main", type=SnapshotRefType.BRANCH, snapshot_id=to),),
    )


def refusal(by: RestCatalog, branch: str) -> str:
    try:
        publish(by, branch)
    except CommitFailedException:
        return "CommitFailedException"
    except Exception as error:
        return type(error).__name__
    return "none"


as_engine = refusal(engine, "audit_py_1")
publish(publisher, "audit_py_1")
stale = refusal(publisher, "audit_py_2")
read = engine.load_table("clients.py").scan().to_arrow()
print(json.dumps({"engine": as_engine, "stale": stale, "rows": read.num_rows}))
