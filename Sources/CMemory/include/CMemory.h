/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What processor and kernel can be told of memory ahead of its use. Neither call reads or changes any of it.
 */
#pragma once

#include <stddef.h>

/* Asks for the cache lines of so many bytes, without waiting for them, as a load would. Faults on nothing. */
static inline void memory_prefetch(const void *address, size_t size)
{
	for (size_t byte = 0; byte < size; byte += 64)
		__builtin_prefetch((const char *)address + byte);
	/* What begins within a line may end in one more. */
	if (size % 64 != 0)
		__builtin_prefetch((const char *)address + size - 1);
}

/* The size of a huge page, in bytes. */
#define MEMORY_HUGE_PAGE (2u << 20)

/*
 * Asks for huge pages for what lies in whole pages of it, where the kernel has some to give: tables read here and there spend their
 * time on translating addresses.
 */
void memory_use_huge_pages(void *address, size_t size);
