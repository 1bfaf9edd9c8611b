/* Stores the readings that sensors publish, and tells them over HTTP. SPDX-License-Identifier: MIT
 *
 * GET /readings?last=N: the last N as JSON, the oldest first. One process listens to the broker and writes, the
 * others read: a line is appended at once, so nobody has to wait for anybody. */
#include <errno.h>
#include <fcntl.h>
#include <reading/http.h>
#include <reading/mqtt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE = 256, MOST = 5000 /* readings in an answer */ };

static const char *directory;
static long largest = 1 << 20; /* bytes of a file; there are two */
static pid_t collector;

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

/* Takes leave of processes that have answered; without the one that collects there is no point in going on. */
static void ended(int number)
{
	pid_t each;
	int why = errno;

	(void)number;
	while ((each = waitpid(-1, NULL, WNOHANG)) > 0)
		if (each == collector)
			_exit(1);
	errno = why;
}

static void path_of(char *path, size_t size, const char *name)
{
	snprintf(path, size, "%s/%s", directory, name);
}

/* Whether TEXT is a name that needs no quotes. */
static int plain(const char *text)
{
	return *text && strlen(text) < 65 && text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
							       "0123456789_.-")] == '\0';
}

/* Appends one reading: what a sensor says is taken apart, and only what is understood is kept. */
static int store(const char *topic, const char *text)
{
	const char *sensor = strrchr(topic, '/') ? strrchr(topic, '/') + 1 : topic;
	char source[32], line[LINE], path[256], old[256];
	long long when;
	double value;
	int end = 0, length, file;
	struct stat facts;

	if (sscanf(text, "{\"time\":%lld,\"celsius\":%lf,\"source\":\"%31[^\"]\"}%n", &when, &value, source, &end) != 3 ||
	    !end || text[end] || !plain(sensor) || !plain(source) || !(value > -300 && value < 5000)) {
		printf("passes over what %s says\n", topic);
		fflush(stdout);
		return 0;
	}
	length = snprintf(line, sizeof line, "{\"time\":%lld,\"sensor\":\"%s\",\"celsius\":%.2f,\"source\":\"%s\"}\n",
			  when, sensor, value, source);
	path_of(path, sizeof path, "readings");
	path_of(old, sizeof old, "readings.old");
	if (stat(path, &facts) == 0 && facts.st_size > largest)
		rename(path, old);
	file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (file < 0 || write(file, line, length) != length) {
		printf("can't write %s: %s\n", path, strerror(errno));
		return -1;
	}
	close(file);
	return 0;
}

static void collect(const char *host, const char *port)
{
	char topic[256], text[LINE];
	int broker, told = 0;

	for (;; sleep(1)) {
		broker = mqtt_connect(host, port, "reading-store");
		if (broker < 0 || mqtt_subscribe(broker, "readings/+") < 0) {
			if (!told++)
				printf("waits for the broker %s:%s: %s\n", host, port, strerror(errno));
			fflush(stdout);
			if (broker >= 0)
				close(broker);
			continue;
		}
		printf("listens to the broker %s:%s\n", host, port);
		fflush(stdout);
		while (mqtt_next(broker, topic, sizeof topic, text, sizeof text) > 0)
			if (store(topic, text) < 0)
				_exit(1);
		printf("lost the broker: %s\n", strerror(errno));
		close(broker);
		told = 0;
	}
}

/* Adds what is in a file to TEXT. */
static size_t add(const char *name, char *text, size_t used, size_t size)
{
	char path[256];
	int file;
	ssize_t got;

	path_of(path, sizeof path, name);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return used;
	while (used < size && (got = read(file, text + used, size - used)) > 0)
		used += got;
	close(file);
	return used;
}

static void history(int client, long last)
{
	size_t size = 2 * (largest + 2 * LINE) + 2, used = 1, start, i;
	char *text = malloc(size);

	if (!text)
		return http_answer(client, 503, "text/plain", "", 0);
	*text = '\n';
	used = add("readings.old", text, used, size - 1);
	used = add("readings", text, used, size - 1);
	while (used > 1 && text[used - 1] != '\n')
		used--; /* a line that is being written */
	for (start = used - 1; start > 0 && last > 0; start--)
		if (text[start - 1] == '\n')
			last--;
	text[start] = '[';
	for (i = start + 1; i + 1 < used; i++)
		if (text[i] == '\n')
			text[i] = ',';
	if (used - start < 2)
		http_answer(client, 200, "application/json", "[]", 2);
	else {
		text[used - 1] = ']';
		http_answer(client, 200, "application/json", text + start, used - start);
	}
}

static void answer(int client, const char *path)
{
	long last = 120;

	if (strcmp(path, "/health") == 0)
		return http_answer(client, 200, "text/plain", "ok\n", 3);
	if (strcmp(path, "/readings") != 0 && sscanf(path, "/readings?last=%ld", &last) != 1)
		return http_answer(client, 404, "text/plain", "there is /readings and /health\n", 31);
	history(client, last < 1 ? 1 : last > MOST ? MOST : last);
}

int main(void)
{
	const char *port = said("PORT", "8081");

	directory = said("DATA", "/var/lib/readings");
	largest = atol(said("LARGEST", "1048576"));
	signal(SIGTERM, stop); /* PID 1 has no default action */
	signal(SIGINT, stop);
	signal(SIGPIPE, SIG_IGN);
	if (access(directory, W_OK) < 0) {
		fprintf(stderr, "reading-store: can't write to %s: %s\n", directory, strerror(errno));
		return 1;
	}
	collector = fork();
	if (collector == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		collect(said("BROKER", "broker"), said("BROKER_PORT", "1883"));
	}
	if (collector < 0)
		return 1;
	signal(SIGCHLD, ended);
	http_serve("reading-store", port, answer);
	perror("reading-store: listen");
	return 1;
}
