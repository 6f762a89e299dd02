# Empties folders. Arguments: the folders.
set -eu
for folder in "$@"; do
  rm -rf "$folder"
  mkdir -p "$folder"
done
