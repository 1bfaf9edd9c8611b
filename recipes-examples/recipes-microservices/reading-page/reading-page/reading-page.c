/* A web page that shows readings live: it asks the store for them. SPDX-License-Identifier: MIT */
#include <errno.h>
#include <reading/http.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const version = "1";

static const struct file {
	const char *path, *name, *type;
} files[] = {
	{ "/", "index.html", "text/html; charset=utf-8" },
	{ "/page.js", "page.js", "text/javascript; charset=utf-8" },
	{ "/page.css", "page.css", "text/css; charset=utf-8" },
};

static const char *said(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

static void stop(int number)
{
	(void)number;
	_exit(0);
}

static void send_file(int client, const struct file *file)
{
	char path[256], text[16384];
	FILE *stream;
	size_t length;

	snprintf(path, sizeof path, "%s/%s", said("PAGES", "/usr/share/reading-page"), file->name);
	stream = fopen(path, "r");
	if (!stream) {
		printf("can't read %s: %s\n", path, strerror(errno));
		fflush(stdout);
		return http_answer(client, 503, "text/plain", "", 0);
	}
	length = fread(text, 1, sizeof text, stream);
	fclose(stream);
	http_answer(client, 200, file->type, text, length);
}

/* The last readings, from the store. */
static void readings(int client)
{
	static char text[65536];
	long length = http_get(said("STORE", "store"), said("STORE_PORT", "8081"), "/readings?last=120", text, sizeof text);

	if (length < 0)
		http_answer(client, 502, "text/plain", "the store does not answer\n", 26);
	else
		http_answer(client, 200, "application/json", text, length);
}

static void answer(int client, const char *path)
{
	size_t i;

	for (i = 0; i < sizeof files / sizeof *files; i++)
		if (strcmp(path, files[i].path) == 0)
			return send_file(client, &files[i]);
	if (strcmp(path, "/readings") == 0)
		return readings(client);
	if (strcmp(path, "/version") == 0)
		return http_answer(client, 200, "text/plain", version, strlen(version));
	if (strcmp(path, "/health") == 0)
		return http_answer(client, 200, "text/plain", "ok\n", 3);
	http_answer(client, 404, "text/plain", "there is no such page\n", 22);
}

int main(void)
{
	signal(SIGTERM, stop); /* PID 1 has no default action */
	signal(SIGINT, stop);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	http_serve("reading-page", said("PORT", "8080"), answer);
	perror("reading-page: listen");
	return 1;
}
