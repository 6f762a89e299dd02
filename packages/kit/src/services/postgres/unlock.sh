# Removes the lock of a server that is gone, when its pid has meanwhile been given to another program: PostgreSQL itself can't tell.
# Argument: folder of the cluster.
set -eu
lock="$1/postmaster.pid"
[ -f "$lock" ] || exit 0
pid=$(head -n 1 "$lock")
[ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$1" ] || rm -f "$lock"
