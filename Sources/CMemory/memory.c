/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "CMemory.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

void memory_use_huge_pages(void *address, size_t size)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t begin = ((uintptr_t)address + page - 1) / page * page;
	uintptr_t end = ((uintptr_t)address + size) / page * page;

	/* A kernel without them says no, and small ones do. */
	if (begin < end)
		(void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
}
