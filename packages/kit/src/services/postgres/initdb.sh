# Makes a cluster whole or not at all: initdb that dies half-way leaves a folder that no server starts from.
# Arguments: initdb, folder of the cluster, file with the superuser's password.
set -eu
rm -rf "$2.new"
"$1" -D "$2.new" -U postgres --pwfile="$3" --auth=scram-sha-256 --no-locale --encoding=UTF8 --no-instructions
mv "$2.new" "$2"
