# shellcheck disable=SC2154  # what comes before sets them
# Stops the parts, the last one first.
reversed=
for part in $parts; do reversed="$part $reversed"; done
for part in $reversed; do sh "./$part/stop"; done
