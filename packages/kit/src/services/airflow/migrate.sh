# Arguments: Airflow's Python, the mark that says its tables fit this version.
set -eu
"$1" -m airflow db migrate
touch "$2"
