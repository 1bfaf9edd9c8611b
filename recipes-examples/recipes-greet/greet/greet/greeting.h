/* SPDX-License-Identifier: MIT */
#ifndef GREETING_H
#define GREETING_H

/* Prints a greeting for WHO. */
void greeting(const char *who);

#endif
