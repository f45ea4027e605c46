#pragma once
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

/* syscall() is variadic, and can't be used from Swift. */
static inline int sluice_membarrier_global(void)
{
	return (int)syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}
