/* cantool INTERFACE answers each CAN frame with one whose number is the next; cantool INTERFACE WORD sends one, and
 * prints what is answered. */
#include <linux/can.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ASKED = 0x123 };

int main(int argc, char **argv)
{
	struct can_frame frame = {.can_id = ASKED};
	struct sockaddr_can address = {.can_family = AF_CAN, .can_ifindex = if_nametoindex(argv[1])};
	int bus = socket(AF_CAN, SOCK_RAW, CAN_RAW);

	if (!address.can_ifindex || bind(bus, (struct sockaddr *)&address, sizeof address)) {
		perror(argv[1]);
		return 1;
	}
	printf("uid %d listens on %s\n", (int)getuid(), argv[1]);
	fflush(stdout);
	if (argc > 2) {
		alarm(10);
		frame.can_dlc = strlen(argv[2]);
		memcpy(frame.data, argv[2], frame.can_dlc);
		if (write(bus, &frame, sizeof frame) != sizeof frame)
			perror("write");
	}
	while (read(bus, &frame, sizeof frame) == sizeof frame) {
		if (argc > 2) {
			printf("%x %.*s\n", frame.can_id, frame.can_dlc, frame.data);
			return 0;
		}
		frame.can_id++;
		if (write(bus, &frame, sizeof frame) != sizeof frame)
			perror("write");
	}
	perror("read");
	return 1;
}
