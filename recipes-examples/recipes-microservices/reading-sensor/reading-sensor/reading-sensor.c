/* Reads a temperature and publishes it by MQTT, every second. SPDX-License-Identifier: MIT
 *
 * It is that of $READING_FILE (thousandths of a degree), else of the first thermal zone, else of the first sensor of
 * hwmon; where there is none, readings are simulated, and each of them says so. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <reading/mqtt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *const places[] = { "/sys/class/thermal/thermal_zone*/temp", "/sys/class/hwmon/hwmon*/temp*_input" };
static char file[256], source[32] = "simulated";

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

/* The temperature in the file at PATH; -1 when it has none. */
static int celsius(const char *path, double *value)
{
	FILE *stream = fopen(path, "r");
	long thousandths;
	int found;

	if (!stream)
		return -1;
	found = fscanf(stream, "%ld", &thousandths);
	fclose(stream);
	if (found != 1)
		return -1;
	*value = thousandths / 1000.0;
	return 0;
}

/* What readings of PATH are called: by its directory, in letters that need no quotes. */
static void use(const char *path, const char *called)
{
	size_t i;

	snprintf(file, sizeof file, "%s", path);
	snprintf(source, sizeof source, "%s", called);
	for (i = 0; source[i]; i++)
		if (source[i] == '/' || source[i] == '"' || source[i] == '\\' || source[i] < '!')
			source[i] = source[i] == '/' ? '\0' : '-';
}

static void choose(void)
{
	const char *given = getenv("READING_FILE");
	size_t i, k;
	double value;

	if (given && *given)
		return use(given, "file");
	for (i = 0; i < sizeof places / sizeof *places; i++) {
		glob_t found;

		if (glob(places[i], 0, NULL, &found) != 0)
			continue;
		for (k = 0; k < found.gl_pathc && !*file; k++)
			if (celsius(found.gl_pathv[k], &value) == 0)
				use(found.gl_pathv[k], found.gl_pathv[k] + (i ? 17 : 19));
		globfree(&found);
		if (*file)
			return;
	}
}

/* The next reading; a simulated one drifts about 21 degrees. */
static int measure(double *value)
{
	static double drift;

	if (*file)
		return celsius(file, value);
	drift = drift * 0.98 + (rand() / (double)RAND_MAX - 0.5) * 0.6;
	*value = 21 + drift;
	return 0;
}

/* Notes that a reading went out, for --check, which is another process. */
static void note(const char *path)
{
	int stream = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (stream >= 0) {
		futimens(stream, NULL);
		close(stream);
	}
}

/* Whether a reading went out lately. */
static int check(const char *path, double interval)
{
	struct stat facts;

	if (stat(path, &facts) == 0 && time(NULL) - facts.st_mtime <= 5 + 3 * interval)
		return 0;
	printf("no reading went out lately\n");
	return 1;
}

static int connected(const char *host, const char *port, const char *id)
{
	int broker, told = 0;

	while ((broker = mqtt_connect(host, port, id)) < 0) {
		if (!told++)
			printf("waits for the broker %s:%s: %s\n", host, port, strerror(errno));
		fflush(stdout);
		sleep(1);
	}
	printf("connected to the broker %s:%s\n", host, port);
	fflush(stdout);
	return broker;
}

int main(int argc, char **argv)
{
	const char *host = said("BROKER", "broker"), *port = said("BROKER_PORT", "1883");
	const char *state = said("STATE", "/dev/shm/reading-sensor");
	double interval = atof(said("INTERVAL", "1")), value;
	struct timespec pause = { (time_t)interval, (long)((interval - (long)interval) * 1e9) };
	char name[65] = "", topic[100], text[200];
	int broker;

	if (argc > 1 && strcmp(argv[1], "--check") == 0)
		return check(state, interval);
	if (interval < 0.1 || interval > 3600) {
		fprintf(stderr, "reading-sensor: INTERVAL is seconds, from 0.1 to 3600\n");
		return 1;
	}
	signal(SIGTERM, stop); /* PID 1 has no default action */
	signal(SIGINT, stop);
	signal(SIGPIPE, SIG_IGN);
	srand(time(NULL) ^ getpid());
	gethostname(name, sizeof name - 1);
	snprintf(topic, sizeof topic, "readings/%s", said("SENSOR", name));
	choose();
	printf(*file ? "reads %s\n" : "there is no sensor here: readings are simulated\n", file);
	broker = connected(host, port, topic);
	for (;; nanosleep(&pause, NULL)) {
		if (measure(&value) < 0) {
			printf("can't read %s: %s\n", file, strerror(errno));
			fflush(stdout);
			continue;
		}
		snprintf(text, sizeof text, "{\"time\":%lld,\"celsius\":%.2f,\"source\":\"%s\"}",
			 (long long)time(NULL), value, source);
		if (mqtt_publish(broker, topic, text) == 0) {
			note(state);
			continue;
		}
		printf("lost the broker: %s\n", strerror(errno));
		close(broker);
		broker = connected(host, port, topic);
	}
}
