#define _GNU_SOURCE
#include "CTestSupport.h"
#include "CConfinement.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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

pid_t test_spawn(char *const words[], const char *output, const char *error)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t signals;
	pid_t pid;
	int code;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_APPEND, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, error, O_WRONLY | O_APPEND, 0);
	posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	sigemptyset(&signals);
	posix_spawnattr_setsigmask(&attributes, &signals);
	sigfillset(&signals);
	posix_spawnattr_setsigdefault(&attributes, &signals);
	code = posix_spawnp(&pid, words[0], &actions, &attributes, words, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	errno = code;
	return code ? -1 : pid;
}

static int is_forbidden(long result)
{
	return result == -1 && errno == EPERM;
}

/* In the second thread: waits for a byte, then tries. */
static void *try_everything(void *argument)
{
	int *gate = argument, found = 0;
	char byte;
	union bpf_attr attributes;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {};
	char *const words[] = { "/bin/true", NULL };

	if (read(*gate, &byte, 1) != 1)
		return NULL;
	memset(&attributes, 0, sizeof(attributes));
	found |= is_forbidden(syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof(attributes))) << 0;
	found |= is_forbidden(syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof(attributes))) << 1;
	found |= is_forbidden(socket(AF_INET, SOCK_DGRAM, 0)) << 2;
	found |= is_forbidden(execve(words[0], words, words + 1)) << 3;
	found |= is_forbidden(unshare(CLONE_NEWNET)) << 4;
	if (syscall(SYS_capget, &header, data) == 0)
		found |= !(data[CAP_PERFMON / 32].permitted & (1u << CAP_PERFMON % 32)) << 5;
	found |= (socket(AF_UNIX, SOCK_DGRAM, 0) >= 0) << 6;
	_exit(found);
}

int test_confined(void)
{
	int status, ends[2];
	pthread_t thread;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	child = fork();
	if (child == 0) {
		if (pthread_create(&thread, NULL, try_everything, &ends[0]) != 0 || confine_capabilities() != 0 ||
		    confine_calls() != 0 || write(ends[1], "", 1) != 1)
			_exit(0);
		pthread_join(thread, NULL);
		_exit(0);
	}
	close(ends[0]);
	close(ends[1]);
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}
