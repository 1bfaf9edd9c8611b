# Prints the state of the container $1 as the runtime-spec has it.
read -r pid 2>/dev/null <"/run/pflask/$1" || exit
read -r now 2>/dev/null <"/proc/$pid/comm" || exit
[ "$now" = pflask ] || exit
printf '{"ociVersion": "1.0.2", "id": "%s", "pid": %s, "status": "running"}\n' "$1" "$pid"
