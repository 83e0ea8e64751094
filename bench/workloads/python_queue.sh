#!/bin/sh
# Passes 20,000 items through a queue between two Python threads.
cat > w.py <<'P'
import queue, threading, time
q, total = queue.Queue(100), 0
def consume():
    global total
    while (item := q.get()) is not None: total += item
start = time.monotonic_ns()
t = threading.Thread(target=consume)
t.start()
for i in range(20000): q.put(i)
q.put(None)
t.join()
end = time.monotonic_ns()
assert total == 20000 * 19999 // 2
print((end - start) // 1000000)
P
python3 w.py || exit 1
rm -f w.py
