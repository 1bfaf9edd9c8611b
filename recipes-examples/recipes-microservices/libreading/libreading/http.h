/* HTTP, as much of it as small services need behind a health check and a browser. SPDX-License-Identifier: MIT */
#ifndef READING_HTTP_H
#define READING_HTTP_H

#include <stddef.h>

/* Answers the request for PATH, which is what stands after GET, with its query. */
typedef void (*http_handler)(int client, const char *path);

/* Serves PORT for ever, each request in a process of its own, so that a slow one holds nobody up.
 * Returns -1 when it can't listen, with errno; NAME is what the log calls the program. */
int http_serve(const char *name, const char *port, http_handler handler);

/* Answers with LENGTH bytes of BODY, which are of TYPE, such as text/html. */
void http_answer(int client, int status, const char *type, const void *body, size_t length);

/* Fetches PATH of HOST:PORT; the number of bytes in BODY, which end with a zero, or -1 for anything but status 200. */
long http_get(const char *host, const char *port, const char *path, char *body, size_t size);

#endif
