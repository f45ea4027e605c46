/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLUICE_PREFETCH_H
#define SLUICE_PREFETCH_H

/* Asks for a cache line that will be read soon: an instruction that Swift has no word for. */
static inline void sluice_prefetch(const void *address)
{
	__builtin_prefetch(address);
}

#endif /* SLUICE_PREFETCH_H */
