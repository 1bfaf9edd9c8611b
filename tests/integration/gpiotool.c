/* gpiotool CHIP sets the first line of a GPIO chip, and prints what is read from it. */
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct gpiochip_info chip;
	struct gpio_v2_line_request line = {.num_lines = 1, .consumer = "test"};
	int file = argc == 2 ? open(argv[1], O_RDWR) : -1;

	line.config.flags = GPIO_V2_LINE_FLAG_OUTPUT;
	if (file < 0 || ioctl(file, GPIO_GET_CHIPINFO_IOCTL, &chip) || ioctl(file, GPIO_V2_GET_LINE_IOCTL, &line)) {
		perror("gpiotool");
		return 1;
	}
	printf("uid %d has %s with %u lines\n", (int)getuid(), chip.label, chip.lines);
	for (int level = 1; level >= 0; level--) {
		struct gpio_v2_line_values values = {.bits = level, .mask = 1};

		if (ioctl(line.fd, GPIO_V2_LINE_SET_VALUES_IOCTL, &values))
			perror("set");
		values.bits = 2;
		if (ioctl(line.fd, GPIO_V2_LINE_GET_VALUES_IOCTL, &values))
			perror("get");
		printf("set to %d it is %d\n", level, (int)values.bits);
	}
	fflush(stdout);
	pause();
	return 0;
}
