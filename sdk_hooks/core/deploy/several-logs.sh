# shellcheck disable=SC2154  # what comes before sets them
# The last output of each part, with its name before each line.
for part in $parts; do
	sh "./$part/logs" 2>&1 | while IFS= read -r line || [ -n "$line" ]; do printf '%s | %s\n' "$part" "$line"; done
done
