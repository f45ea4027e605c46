/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "CConfinement.h"

#include <dirent.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIT(capability) (UINT64_C(1) << (capability))

/*
 * What turning needs: maps and links, interfaces. The others are root's own, which an agent that runs as root without a unit goes on having:
 * files of other users that it was told to use, and the name of a program that is in its way.
 */
static const uint64_t kept = BIT(CAP_BPF) | BIT(CAP_NET_ADMIN) | BIT(CAP_SYS_ADMIN) | BIT(CAP_DAC_OVERRIDE) |
			     BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_CHOWN) | BIT(CAP_FOWNER);

/* Capabilities belong to threads, and only a thread itself can give them up. Only system calls: it runs as a signal handler, too. */
static void drop(int signal)
{
	int before = errno;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	(void)signal;
	if (syscall(SYS_capget, &header, data) == 0) {
		for (int half = 0; half < 2; half++) {
			uint32_t mask = (uint32_t)(kept >> (32 * half));

			data[half].permitted &= mask;
			data[half].effective &= mask;
			data[half].inheritable &= mask;
		}
		syscall(SYS_capset, &header, data);
	}
	errno = before;
}

/* What a thread may still do beyond that; 0 as well for one that has ended. */
static uint64_t excess(const char *thread)
{
	char path[64], line[128];
	uint64_t permitted = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%s/status", thread);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "CapPrm: %lx", &permitted) == 1)
			break;
	fclose(file);
	return permitted & ~kept;
}

/* Asks every thread that may do too much to give it up. How many there were, or -1. */
static int ask(int signal)
{
	DIR *threads = opendir("/proc/self/task");
	struct dirent *entry;
	int asked = 0;

	if (!threads)
		return -1;
	while ((entry = readdir(threads))) {
		int thread = atoi(entry->d_name);

		if (thread == 0 || !excess(entry->d_name))
			continue;
		asked++;
		syscall(SYS_tgkill, getpid(), thread, signal);
	}
	closedir(threads);
	return asked;
}

int confine_capabilities(void)
{
	/* One of the few signals that libdispatch leaves to its threads. */
	const int signal = SIGPROF;
	struct sigaction action = { .sa_handler = drop, .sa_flags = SA_RESTART }, former;
	int asked = 0, clean = 0;

	drop(0);
	if (sigaction(signal, &action, &former) != 0)
		return -1;
	/* Twice nobody: one that began meanwhile may have been made by one that had not been asked. */
	for (int round = 0; round < 1000 && clean < 2 && asked >= 0; round++) {
		asked = ask(signal);
		clean = asked == 0 ? clean + 1 : 0;
		if (asked > 0)
			usleep(1000);
	}
	sigaction(signal, &former, NULL);
	if (clean < 2 && asked >= 0)
		errno = ETIMEDOUT;
	return clean < 2 ? -1 : 0;
}

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "which architecture is this to seccomp?"
#endif

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
/* The lower half of the first argument. */
#define LOAD_ARGUMENT BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)
#define REFUSE        RETURN(SECCOMP_RET_ERRNO | EPERM)
#define ALLOW         RETURN(SECCOMP_RET_ALLOW)
/* Skips so many instructions unless what is loaded is `value`. */
#define UNLESS(value, skipped) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skipped)
#define REFUSE_IF(value)       UNLESS(value, 1), REFUSE
#define ALLOW_IF(value)        UNLESS(value, 1), ALLOW

int confine_calls(void)
{
	struct sock_filter filter[] = {
		LOAD(arch),
		UNLESS(ARCHITECTURE, 1),
		BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0),
		REFUSE,
		LOAD(nr),
#if defined(__x86_64__)
		/* The calls of x32 are the same by other numbers. */
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),
		REFUSE,
#endif
		UNLESS(SYS_bpf, 12),
		LOAD_ARGUMENT,
		REFUSE_IF(BPF_PROG_LOAD),
		REFUSE_IF(BPF_MAP_CREATE),
		REFUSE_IF(BPF_BTF_LOAD),
		REFUSE_IF(BPF_RAW_TRACEPOINT_OPEN),
		REFUSE_IF(BPF_PROG_ATTACH),
		ALLOW,
		UNLESS(SYS_socket, 6),
		LOAD_ARGUMENT,
		ALLOW_IF(AF_UNIX),
		ALLOW_IF(AF_NETLINK),
		REFUSE,
		REFUSE_IF(SYS_execve),
		REFUSE_IF(SYS_execveat),
		REFUSE_IF(SYS_ptrace),
		REFUSE_IF(SYS_process_vm_readv),
		REFUSE_IF(SYS_process_vm_writev),
		REFUSE_IF(SYS_perf_event_open),
		REFUSE_IF(SYS_mount),
		REFUSE_IF(SYS_umount2),
		REFUSE_IF(SYS_move_mount),
		REFUSE_IF(SYS_fsopen),
		REFUSE_IF(SYS_open_tree),
		REFUSE_IF(SYS_pivot_root),
		REFUSE_IF(SYS_chroot),
		REFUSE_IF(SYS_unshare),
		REFUSE_IF(SYS_setns),
		REFUSE_IF(SYS_init_module),
		REFUSE_IF(SYS_finit_module),
		REFUSE_IF(SYS_delete_module),
		REFUSE_IF(SYS_kexec_load),
		REFUSE_IF(SYS_kexec_file_load),
		REFUSE_IF(SYS_reboot),
		REFUSE_IF(SYS_swapon),
		REFUSE_IF(SYS_add_key),
		REFUSE_IF(SYS_request_key),
		REFUSE_IF(SYS_keyctl),
		REFUSE_IF(SYS_userfaultfd),
		REFUSE_IF(SYS_open_by_handle_at),
		REFUSE_IF(SYS_io_uring_setup),
		ALLOW,
	};
	struct sock_fprog program = { .len = sizeof(filter) / sizeof(filter[0]), .filter = filter };
	long result;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	/* All threads, or none: then the number of one is returned that could not follow. */
	result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
	if (result > 0)
		errno = ESRCH;
	return result == 0 ? 0 : -1;
}
