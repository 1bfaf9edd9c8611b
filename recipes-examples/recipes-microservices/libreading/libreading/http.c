/* SPDX-License-Identifier: MIT */
#include "http.h"
#include "net.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE = 5 /* seconds */ };

/* The path of the request in TEXT, which is changed; NULL when it is none for us. */
static const char *path_of(char *text)
{
	char *end;

	if (strncmp(text, "GET /", 5) != 0)
		return NULL;
	end = strchr(text + 4, ' ');
	if (!end)
		return NULL;
	*end = '\0';
	return text + 4;
}

static void handle(int client, http_handler handler)
{
	char text[4096];
	const char *path;
	size_t used = 0;

	alarm(PATIENCE); /* its default action ends this process */
	for (;;) {
		ssize_t got = recv(client, text + used, sizeof text - 1 - used, 0);

		if (got <= 0)
			return;
		used += got;
		text[used] = '\0';
		if (strstr(text, "\r\n\r\n"))
			break;
		if (used == sizeof text - 1)
			return http_answer(client, 431, "text/plain", "", 0);
	}
	path = path_of(text);
	if (path)
		handler(client, path);
	else
		http_answer(client, 405, "text/plain", "GET is all there is\n", 20);
}

static int listening(const char *port)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(atoi(port)) };
	struct sockaddr_in old = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };
	struct sockaddr *where = (struct sockaddr *)&address;
	socklen_t size = sizeof address;
	int one = 1, listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (listener < 0) { /* a kernel without IPv6 */
		listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		where = (struct sockaddr *)&old;
		size = sizeof old;
	}
	if (listener < 0)
		return -1;
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(listener, where, size) < 0 || listen(listener, 64) < 0) {
		one = errno;
		close(listener);
		errno = one;
		return -1;
	}
	return listener;
}

int http_serve(const char *name, const char *port, http_handler handler)
{
	int listener = listening(port);

	if (listener < 0)
		return -1;
	printf("%s listens on port %s\n", name, port);
	fflush(stdout);
	for (;;) {
		int client = accept(listener, NULL, NULL);

		if (client < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
				sleep(1);
			continue;
		}
		switch (fork()) {
		case 0:
			close(listener);
			signal(SIGTERM, SIG_DFL);
			handle(client, handler);
			_exit(0);
		case -1:
			http_answer(client, 503, "text/plain", "", 0);
		}
		close(client);
	}
}

static const char *reason(int status)
{
	switch (status) {
	case 200: return "OK";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 502: return "Bad Gateway";
	case 503: return "Service Unavailable";
	default: return "Error";
	}
}

void http_answer(int client, int status, const char *type, const void *body, size_t length)
{
	char head[512];
	int used = snprintf(head, sizeof head,
			    "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
			    "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
			    "Content-Security-Policy: default-src 'self'; img-src data:\r\n"
			    "Connection: close\r\n\r\n",
			    status, reason(status), type, length);

	if (net_write(client, head, used) == 0)
		net_write(client, body, length);
}

long http_get(const char *host, const char *port, const char *path, char *body, size_t size)
{
	char request[600], *start;
	size_t used = 0;
	int server = net_connect(host, port, 2), length;

	if (server < 0)
		return -1;
	length = snprintf(request, sizeof request, "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n", path, host);
	if (length >= (int)sizeof request || net_write(server, request, length) < 0)
		size = 1;
	while (used < size - 1) {
		ssize_t got = recv(server, body + used, size - 1 - used, 0);

		if (got <= 0)
			break;
		used += got;
	}
	close(server);
	body[used] = '\0';
	start = strstr(body, "\r\n\r\n");
	if (!start || strncmp(body + 8, " 200 ", 5) != 0)
		return -1;
	used -= start + 4 - body;
	memmove(body, start + 4, used + 1);
	return used;
}
