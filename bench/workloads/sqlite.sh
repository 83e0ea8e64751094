#!/bin/sh
# 1,000 SQLite transactions through Python, without waiting for the disk.
rm -f t.db
cat > w.py <<'P'
import sqlite3, time
c = sqlite3.connect("t.db", isolation_level=None)
c.execute("pragma synchronous=off")
c.execute("create table t(i integer primary key, s text)")
start = time.monotonic_ns()
for i in range(1000):
    c.execute("begin")
    c.execute("insert into t values(?, ?)", (i, "row %d" % i))
    c.execute("commit")
end = time.monotonic_ns()
assert c.execute("select count(*) from t").fetchone() == (1000,)
print((end - start) // 1000000)
P
python3 w.py || exit 1
rm -f t.db w.py
