/* SPDX-License-Identifier: MIT */
#include "mqtt.h"
#include "net.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECT = 0x10, CONNACK = 0x20, PUBLISH = 0x30, PUBACK = 0x40, SUBSCRIBE = 0x82, SUBACK = 0x90,
       PINGREQ = 0xc0 };
enum { LARGEST = 4096 };

struct packet {
	unsigned char type;
	size_t length;
	unsigned char body[LARGEST];
};

static void number(struct packet *packet, unsigned value)
{
	packet->body[packet->length++] = value >> 8 & 0xff;
	packet->body[packet->length++] = value & 0xff;
}

static void bytes(struct packet *packet, const void *data, size_t length)
{
	memcpy(packet->body + packet->length, data, length);
	packet->length += length;
}

static void text(struct packet *packet, const char *data)
{
	number(packet, strlen(data));
	bytes(packet, data, strlen(data));
}

static int sent(int broker, const struct packet *packet)
{
	unsigned char head[5] = { packet->type };
	size_t length = packet->length, used = 1;

	do {
		head[used++] = (length & 0x7f) | (length > 0x7f ? 0x80 : 0);
		length >>= 7;
	} while (length);
	if (net_write(broker, head, used) < 0)
		return -1;
	return net_write(broker, packet->body, packet->length);
}

/* Reads a packet; of one that is too large the body is passed over, and its length is 0. */
static int received(int broker, struct packet *packet)
{
	unsigned char byte;
	size_t left = 0;
	int shift = 0;

	if (net_read(broker, &packet->type, 1) < 0)
		return -1;
	do {
		if (shift > 21 || net_read(broker, &byte, 1) < 0)
			return -1;
		left |= (size_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	packet->length = left <= LARGEST ? left : 0;
	for (; left > LARGEST; left -= LARGEST)
		if (net_read(broker, packet->body, LARGEST) < 0)
			return -1;
	return net_read(broker, packet->body, left);
}

/* Waits for the answer of TYPE, whose byte AT tells whether it is a good one. */
static int answered(int broker, unsigned char type, size_t at, unsigned char most)
{
	struct packet packet;

	do {
		if (received(broker, &packet) < 0)
			return -1;
	} while ((packet.type & 0xf0) != type);
	if (packet.length <= at || packet.body[at] > most) {
		errno = EACCES;
		return -1;
	}
	return 0;
}

int mqtt_connect(const char *host, const char *port, const char *id)
{
	struct packet packet = { .type = CONNECT };
	int broker;

	if (strlen(id) > LARGEST / 2) {
		errno = EINVAL;
		return -1;
	}
	broker = net_connect(host, port, MQTT_KEEPALIVE);
	if (broker < 0)
		return -1;
	text(&packet, "MQTT");
	bytes(&packet, "\4\2", 2); /* version 3.1.1, nothing of an earlier session */
	number(&packet, MQTT_KEEPALIVE);
	text(&packet, id);
	if (sent(broker, &packet) < 0 || answered(broker, CONNACK, 1, 0) < 0) {
		int why = errno;

		close(broker);
		errno = why;
		return -1;
	}
	return broker;
}

int mqtt_publish(int broker, const char *topic, const char *what)
{
	struct packet packet = { .type = PUBLISH | 2 };

	if (strlen(topic) + strlen(what) > LARGEST / 2) {
		errno = EMSGSIZE;
		return -1;
	}
	text(&packet, topic);
	number(&packet, 1);
	bytes(&packet, what, strlen(what));
	if (sent(broker, &packet) < 0)
		return -1;
	return answered(broker, PUBACK, 1, 0xff);
}

int mqtt_subscribe(int broker, const char *topic)
{
	struct packet packet = { .type = SUBSCRIBE };

	if (strlen(topic) > LARGEST / 2) {
		errno = EMSGSIZE;
		return -1;
	}
	number(&packet, 1);
	text(&packet, topic);
	bytes(&packet, "\1", 1);
	if (sent(broker, &packet) < 0)
		return -1;
	return answered(broker, SUBACK, 2, 2);
}

/* The message of PACKET, once the broker is told that it came. 1: it is one, 0: too large, -1: the broker is gone. */
static int message(int broker, const struct packet *packet, char *topic, size_t topic_size, char *what, size_t what_size)
{
	struct packet ack = { .type = PUBACK };
	int careful = packet->type >> 1 & 3;
	size_t length, start;

	if (packet->length < 2)
		return 0;
	length = (size_t)packet->body[0] << 8 | packet->body[1];
	start = 2 + length + (careful ? 2 : 0);
	if (start > packet->length)
		return 0;
	if (careful) {
		bytes(&ack, packet->body + 2 + length, 2);
		if (sent(broker, &ack) < 0)
			return -1;
	}
	if (length >= topic_size || packet->length - start >= what_size)
		return 0;
	memcpy(topic, packet->body + 2, length);
	topic[length] = '\0';
	memcpy(what, packet->body + start, packet->length - start);
	what[packet->length - start] = '\0';
	return 1;
}

int mqtt_next(int broker, char *topic, size_t topic_size, char *what, size_t what_size)
{
	static const struct packet ping = { .type = PINGREQ };
	struct pollfd wait = { .fd = broker, .events = POLLIN };
	struct packet packet;
	int silent = 0, found;

	for (;;) {
		found = poll(&wait, 1, MQTT_KEEPALIVE * 1000 / 2);
		if (found < 0 && errno != EINTR)
			return -1;
		if (found == 0) {
			if (silent++ || sent(broker, &ping) < 0) {
				errno = ETIMEDOUT;
				return -1;
			}
			continue;
		}
		if (found < 0)
			continue;
		silent = 0;
		if (received(broker, &packet) < 0)
			return -1;
		if ((packet.type & 0xf0) != PUBLISH)
			continue;
		found = message(broker, &packet, topic, topic_size, what, what_size);
		if (found)
			return found;
	}
}
