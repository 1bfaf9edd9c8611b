/* MQTT 3.1.1, as much of it as services need that tell each other short texts. SPDX-License-Identifier: MIT */
#ifndef READING_MQTT_H
#define READING_MQTT_H

#include <stddef.h>

#define MQTT_KEEPALIVE 20 /* seconds without a word after which the other side is taken for gone */

/* Connects to the broker at HOST:PORT as the client ID; a socket, or -1 when it can't, with errno. */
int mqtt_connect(const char *host, const char *port, const char *id);

/* Publishes TEXT and waits until the broker has it (QoS 1); -1 when the connection is lost. */
int mqtt_publish(int broker, const char *topic, const char *text);

/* Subscribes to TOPIC, which may have wildcards (QoS 1); -1 when the broker refuses, or is gone. */
int mqtt_subscribe(int broker, const char *topic);

/* Waits for a message. 1: TOPIC and TEXT are one; what does not fit is passed over. -1: the connection is lost. */
int mqtt_next(int broker, char *topic, size_t topic_size, char *text, size_t text_size);

#endif
