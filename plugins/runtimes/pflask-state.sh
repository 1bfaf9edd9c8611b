# Prints the state of the container $1 as the runtime-spec has it.
read -r pid <"/run/pflask/$1" && read -r now <"/proc/$pid/comm" && [ "$now" = pflask ] &&
	echo "{\"id\": \"$1\", \"status\": \"running\", \"pid\": $pid}"
