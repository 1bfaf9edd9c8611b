# Joins the cgroups named in the first argument, then becomes the command that follows.
set -eu
for directory in $1; do
    echo $$ >"$directory/cgroup.procs"
done
shift
exec "$@"
