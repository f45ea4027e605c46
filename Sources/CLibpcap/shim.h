#pragma once
#include <pcap/pcap.h>
#include <stdio.h>
#include <sys/types.h>

/*
 * A GNU extension of stdio that Swift's Glibc module hides, being built without _GNU_SOURCE. Layout and meaning are
 * glibc's (fopencookie(3)). To go when the module shows it.
 */
struct cookie_functions {
	ssize_t (*read)(void *cookie, char *buffer, size_t count);
	ssize_t (*write)(void *cookie, const char *buffer, size_t count);
	int (*seek)(void *cookie, __off64_t *position, int whence);
	int (*close)(void *cookie);
};
extern FILE *fopencookie(void *cookie, const char *mode, struct cookie_functions functions);
