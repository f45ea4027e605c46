/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "CMemory.h"

#include <sys/mman.h>

void memory_use_huge_pages(void *address, size_t size)
{
	/* A kernel without them says no, and small ones do. */
	(void)madvise(address, size, MADV_HUGEPAGE);
}
