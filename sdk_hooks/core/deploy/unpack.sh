# Unpacks a layer from standard input into a directory that gets its name when all of it is there and right.
layer="@LAYER@"
# Who can reach a layer can start what is setuid in it: whatever is above, others don't get in here.
umask 077
mkdir -p "@FRESH@" && chmod 700 "${layer%/*}" && cd "@FRESH@" || exit
umask 022
dir=${layer##*/}
mkdir "$dir" || exit
[ "$(id -u)" = 0 ] || umask 0 # only root's tar keeps modes as they are
if command -v mkfifo >/dev/null 2>&1 && command -v sha256sum >/dev/null 2>&1 && command -v tee >/dev/null 2>&1; then
	mkfifo pipe || exit
	sha256sum <pipe >sum &
	tee pipe | tar -xf - -C "$dir" || { status=$?; cd /; rm -rf "@FRESH@"; exit $status; }
	wait
	read -r found _ <sum
	if [ "$found" != "@DIGEST@" ]; then
		echo "the layer arrived damaged: $found instead of @DIGEST@" >&2
		cd /
		rm -rf "@FRESH@"
		exit 1
	fi
else
	tar -xf - -C "$dir" || { status=$?; cd /; rm -rf "@FRESH@"; exit $status; }
fi
# Another transfer may have brought it meanwhile, and something may run from it. A directory that keeps its name
# is not moved onto one that is there, nor into it.
mv "$dir" "${layer%/*}" 2>why || [ -d "$layer" ] || { cat why >&2; exit 1; }
cd / && rm -rf "@FRESH@"
