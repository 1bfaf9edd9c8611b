/* SPDX-License-Identifier: MIT */
#include "net.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int attempt(const struct addrinfo *address, int seconds)
{
	struct timeval patience = { .tv_sec = seconds };
	int made = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC, address->ai_protocol);

	if (made < 0)
		return -1;
	setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(made, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (connect(made, address->ai_addr, address->ai_addrlen) == 0)
		return made;
	seconds = errno;
	close(made);
	errno = seconds;
	return -1;
}

int net_connect(const char *host, const char *port, int seconds)
{
	struct addrinfo wish = { .ai_socktype = SOCK_STREAM }, *found, *each;
	int made = -1;

	if (getaddrinfo(host, port, &wish, &found) != 0) {
		errno = EHOSTUNREACH;
		return -1;
	}
	for (each = found; each && made < 0; each = each->ai_next)
		made = attempt(each, seconds);
	freeaddrinfo(found);
	return made;
}

int net_write(int to, const void *data, size_t length)
{
	const char *left = data;

	while (length > 0) {
		ssize_t done = send(to, left, length, MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		left += done;
		length -= done;
	}
	return 0;
}

int net_read(int from, void *data, size_t length)
{
	char *left = data;

	while (length > 0) {
		ssize_t done = recv(from, left, length, 0);

		if (done < 0 && errno == EINTR)
			continue;
		if (done == 0)
			errno = ECONNRESET;
		if (done <= 0)
			return -1;
		left += done;
		length -= done;
	}
	return 0;
}
