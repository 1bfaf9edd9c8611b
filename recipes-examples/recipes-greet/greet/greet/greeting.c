/* The library of greet. SPDX-License-Identifier: MIT */
#include "greeting.h"

#include <stdio.h>

void greeting(const char *who)
{
	printf("hello, %s\n", who);
}
