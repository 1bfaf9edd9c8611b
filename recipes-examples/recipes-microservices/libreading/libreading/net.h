/* Connections over TCP that give up when the other side says nothing. SPDX-License-Identifier: MIT */
#ifndef READING_NET_H
#define READING_NET_H

#include <stddef.h>

/* Connects to HOST:PORT; a socket whose reads and writes take at most SECONDS, or -1 with errno. */
int net_connect(const char *host, const char *port, int seconds);

/* Writes all of DATA, or reads exactly LENGTH bytes; -1 when it can't, with errno. */
int net_write(int to, const void *data, size_t length);
int net_read(int from, void *data, size_t length);

#endif
