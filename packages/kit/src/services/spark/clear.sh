# Empties folders, which may be disks of their own. Arguments: the folders.
set -eu
for folder in "$@"; do
  mkdir -p "$folder"
  find "$folder/" -mindepth 1 -delete
done
