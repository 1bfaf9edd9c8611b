# Looks for devices by what they are: functions for the scripts of plugins, which print lines such as
# `found HARDWARE NODE`. Only what every sysfs has is made use of, and what udev's database adds to it.
nl='
'

# A directory by the name that it has without symbolic links.
real() { (cd -P "$1" 2>/dev/null && pwd -P); }

# The node of the device whose directory in sysfs is $1, in $node.
node_of() {
	node=
	[ -f "$1/dev" ] && [ -r "$1/uevent" ] || return 1
	while IFS='=' read -r key value; do
		[ "$key" != DEVNAME ] || node=/dev/${value#/dev/}
	done <"$1/uevent"
	[ -n "$node" ]
}

# The nodes of all devices in and below the directory $1.
below() {
	! node_of "$1" || echo "$node"
	for inner in "$1"/*/; do
		inner=${inner%/}
		[ -h "$inner" ] || [ ! -e "$inner" ] || below "$inner"
	done
}

# What the file $1 says.
says() { [ -r "$1" ] && read -r said 2>/dev/null <"$1" && [ -n "$said" ] && printf '%s\n' "$said"; }

# All that the device $1 is called, a name each: what sysfs, its driver and the hardware call it. Of the files
# and directories $labels below $1 a file says a name and a directory is one.
called() {
	hardware=$(real "$1/device") || hardware=$(real "$1") || return
	printf '%s\n' "${1##*/}"
	for label in $labels; do
		for file in "$1"/$label; do
			if [ -d "$file" ]; then echo "${file##*/}"; else says "$file"; fi
		done
	done
	case $hardware in */virtual/*) return ;; esac
	up=$hardware
	while [ -n "${up#/sys/devices}" ] && [ -n "$up" ]; do
		case $up in "$hardware" | "${hardware%/*}") echo "${up##*/}" ;; esac
		says "$up/of_node/label"
		if [ -f "$up/idVendor" ]; then
			echo "$(says "$up/idVendor"):$(says "$up/idProduct")"
			for file in manufacturer product serial; do says "$up/$file"; done
			return
		elif [ -f "$up/vendor" ] && [ -f "$up/device" ]; then
			echo "${up##*/}"
			vendor=$(says "$up/vendor") model=$(says "$up/device")
			echo "${vendor#0x}:${model#0x}"
			return
		fi
		up=${up%/*}
	done
}

# Whether $1 is what $2 says, which may have * and ? in it.
fits() {
	[ "$1" != "$2" ] || return 0
	# shellcheck disable=SC2254  # it is meant as a pattern
	case $1 in $2) return 0 ;; esac
	return 1
}

# Finds the devices whose directories in sysfs are the parameters from the fourth on, when VALUE is one of their
# names, or one of their names without PREFIX, or `first` or `all`: members PREFIX LABELS VALUE DIRECTORY...
members() {
	prefix=$1 labels=$2 wanted=$3 taken=
	shift 3
	for member; do
		node_of "$member" || continue
		here=$node names=$(called "$member")
		hardware=$(real "$member/device") || hardware=$(real "$member")
		[ -n "$taken" ] || taken=$hardware
		case $hardware in
		*/virtual/tty/*) ;; # terminals and their like, by the dozen
		*) echo "near $(listed "$names")" ;;
		esac
		case $wanted in
		first) [ "$taken" != "$hardware" ] || echo "found $hardware $here" ;;
		all) echo "found all $here" ;;
		*) ! fits_one "$names" || echo "found $hardware $here" ;;
		esac
	done
}

# Whether VALUE is one of the names $1, the first of which may lack PREFIX.
fits_one() {
	! fits "${1%%"$nl"*}" "$prefix$wanted" || return 0
	rest=$1$nl
	while [ -n "$rest" ]; do
		! fits "${rest%%"$nl"*}" "$wanted" || return 0
		rest=${rest#*"$nl"}
	done
	return 1
}

# The names $1 on one line: `ttyUSB0 (FT232R, 0403:6001)`.
listed() {
	line='' rest=$1$nl seen=$nl
	while [ -n "$rest" ]; do
		name=${rest%%"$nl"*} rest=${rest#*"$nl"}
		case $seen in *"$nl$name$nl"*) continue ;; esac
		seen=$seen$name$nl
		case $line in
		'') line=$name ;;
		*' ('*) line="$line, $name" ;;
		*) line="$line ($name" ;;
		esac
	done
	case $line in *' ('*) line="$line)" ;; esac
	printf '%s\n' "$line"
}

# Answers a question under KEY, with what ls says of each node that was found: answer KEY FUNCTION WORD...
answer() {
	key=$1
	shift
	("$@") 2>/dev/null </dev/null | while read -r what more; do
		printf 'match %s %s %s\n' "$key" "$what" "$more"
		[ "$what" != found ] || shown "${more#* }"
	done
}

# The texts of all CDI specs, and what ls says of the nodes that they name.
cdi_specs() {
	for spec in /etc/cdi/* /var/run/cdi/*; do
		case $spec in *.json | *.yaml | *.yml) ;; *) continue ;; esac
		[ -r "$spec" ] || continue
		printf 'spec @%s\n' "$spec"
		while IFS= read -r line || [ -n "$line" ]; do printf 'spec +%s\n' "$line"; done <"$spec"
		(
			set -f
			IFS="\"',{}[] 	$nl"
			for word in $(cat "$spec"); do
				case $word in /dev/*) shown "$word" ;; esac
			done
		)
	done
}
