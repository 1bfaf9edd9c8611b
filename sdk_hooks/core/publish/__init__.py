"""Makes a directory that any static web server can serve: feeds, base images, locks, an eSDK."""
