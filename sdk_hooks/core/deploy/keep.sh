# Takes note that what runs is what is asked for, so that nothing that was sent before it comes later and changes it.
# Needs turn.sh and late.sh before it. Usage: keep.sh APP ID.
# Exit status: 0 it is, 5 another one is at it, 8 it is not, or not any more.
cd "$1" || exit 8
turn .
case $? in
0) ;;
5) exit 5 ;;
*) [ ! -f current ] || exit 0; exit 8 ;; # where nothing can be written nothing can come later either
esac
now=
[ ! -f current ] || read -r now <current
! late .sent && [ "$now" = "$2" ] || exit 8
note .sent
exit 0
