# Whether all layers of the deployment in the directory $1 are there. Has the switch's turn: no sweep goes on meanwhile, and
# the next one sees that list.
list=$1/layers
cd "@STATE@" && turn . || exit
while read -r layer || [ -n "$layer" ]; do
	[ -d "layers/sha256-${layer#sha256:}" ] || exit
done <"$list"
