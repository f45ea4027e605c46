#pragma once
#include <sys/types.h>

/*
 * GNU extensions and packet sockets, which Swift's Glibc module does not show. Functions return 0 (or a descriptor, or a
 * length) on success and -1 with errno set on failure.
 */

/* A descriptor of the calling thread's network namespace. */
int test_current_namespace(void);
/* Moves the calling thread into a new network namespace, or into the one that `descriptor` is of. */
int test_new_namespace(void);
int test_enter_namespace(int descriptor);

/* Keeps the calling thread on one CPU. */
int test_pin_to_cpu(int cpu);

/* A packet socket bound to an interface: for sending only, or for receiving what comes in. */
int test_packet_socket(unsigned int interface, int receives);
/* The next frame that came in; -1 with EAGAIN when there is none. Frames sent from here are left out. */
ssize_t test_receive(int socket, void *buffer, size_t size);

/*
 * Sends `count` UDP datagrams of `size` bytes in one call, as one packet that is to be segmented (UDP GSO, udp(7)), to an
 * IPv4 address in network order.
 */
int test_send_segments(unsigned int address, int count, int size);

/*
 * Starts a program, found on the path, in a process group of its own, with nothing of ours but the environment: no
 * descriptor but 0 to 2, no signal ignored or blocked. What it prints is appended to two files. `words` ends with NULL.
 * Returns its process id.
 */
pid_t test_spawn(char *const words[], const char *output, const char *error);

/*
 * What a process can no longer do after confine_calls() and confine_capabilities(), tried one after the other in a child with a second
 * thread, by that thread: bit n is set if the n-th of these failed with EPERM: load a program, make a map, make an Internet socket, execute a
 * program, unshare; bit 5 if CAP_PERFMON is gone, bit 6 if Unix sockets can still be made. -1 if there is no child.
 */
int test_confined(void);
