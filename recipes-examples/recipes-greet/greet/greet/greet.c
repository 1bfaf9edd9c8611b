/* Greets whoever is named. SPDX-License-Identifier: MIT */
#include "greeting.h"

int main(int argc, char **argv)
{
	greeting(argc > 1 ? argv[1] : "world");
	return 0;
}
