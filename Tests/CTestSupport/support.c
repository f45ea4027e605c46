#define _GNU_SOURCE
#include "CTestSupport.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/udp.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

int test_current_namespace(void)
{
	return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

int test_new_namespace(void)
{
	return unshare(CLONE_NEWNET);
}

int test_enter_namespace(int descriptor)
{
	return setns(descriptor, CLONE_NEWNET);
}

int test_pin_to_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

int test_packet_socket(unsigned int interface, int receives)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = receives ? htons(ETH_P_ALL) : 0,
		.sll_ifindex = interface,
	};
	int descriptor = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), size = 32 << 20;

	if (descriptor < 0)
		return -1;
	setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(descriptor, (struct sockaddr *)&address, sizeof(address))) {
		close(descriptor);
		return -1;
	}
	return descriptor;
}

ssize_t test_receive(int descriptor, void *buffer, size_t size)
{
	struct sockaddr_ll from;
	socklen_t length;
	ssize_t count;

	do {
		length = sizeof(from);
		count = recvfrom(descriptor, buffer, size, MSG_DONTWAIT, (struct sockaddr *)&from, &length);
	} while (count >= 0 && from.sll_pkttype == PACKET_OUTGOING);
	return count;
}

int test_send_segments(unsigned int address, int count, int size)
{
	static const char payload[65536];
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = address };
	int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), result = -1;

	if (descriptor < 0)
		return -1;
	if (!setsockopt(descriptor, SOL_UDP, UDP_SEGMENT, &size, sizeof(size)) &&
	    sendto(descriptor, payload, count * size, 0, (struct sockaddr *)&to, sizeof(to)) == count * size)
		result = 0;
	close(descriptor);
	return result;
}
