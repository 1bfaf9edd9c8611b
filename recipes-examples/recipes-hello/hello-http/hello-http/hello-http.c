/* A small HTTP service: answers with the greeting of its configuration file. SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static const char *const version = "1";
static char greeting[200] = "hello";

static void stop(int number)
{
	(void)number;
	_exit(0);
}

static int configure(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[256];

	if (!file) {
		fprintf(stderr, "hello-http: %s: %s\n", path, strerror(errno));
		return -1;
	}
	while (fgets(line, sizeof line, file))
		sscanf(line, "greeting = %199[^\n]", greeting);
	fclose(file);
	return 0;
}

static void answer(int client)
{
	struct timeval patience = { .tv_sec = 5 };
	char request[1024], body[512], reply[1024];
	ssize_t got;
	int healthy;

	setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	got = read(client, request, sizeof request - 1);
	if (got <= 0)
		return;
	request[got] = '\0';
	healthy = strncmp(request, "GET /health ", 12) == 0;
	snprintf(body, sizeof body, healthy ? "ok\n" : "%s, version %s\n", greeting, version);
	snprintf(reply, sizeof reply, "HTTP/1.0 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
	if (write(client, reply, strlen(reply)) < 0)
		perror("hello-http: write");
}

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "/etc/hello-http.conf";
	const char *port = getenv("PORT");
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port ? atoi(port) : 8080) };
	int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);

	signal(SIGTERM, stop); /* PID 1 has no default action */
	signal(SIGINT, stop);
	signal(SIGPIPE, SIG_IGN);
	if (configure(path) < 0)
		return 1;
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 16) < 0) {
		perror("hello-http: listen");
		return 1;
	}
	printf("hello-http %s listens on port %d\n", version, ntohs(address.sin_port));
	fflush(stdout);
	for (;;) {
		int client = accept(listener, NULL, NULL);

		if (client < 0)
			continue;
		answer(client);
		close(client);
	}
}
