// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The shipped program with its clock taken from a map, for test runs. Everything else is the included code: the shipped
 * object holds nothing of this.
 */
#include "platform.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} test_clock SEC(".maps");

INLINE __u64 time_now(struct frame_totals *all __attribute__((unused)))
{
	__u32 zero = 0;
	__u64 *clock = bpf_map_lookup_elem(&test_clock, &zero);

	return clock ? *clock : 0;
}

#define SLUICE_TEST
#include "sluice.bpf.c"

/* What `chained` returns, and how often it has run. */
struct chained_state {
	__u64 verdict;
	__u64 runs;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct chained_state);
} test_chained SEC(".maps");

/* Somebody else's program, to be put in the slot `next`. */
SEC("xdp.frags")
int chained(struct xdp_md *ctx __attribute__((unused)))
{
	__u32 zero = 0;
	struct chained_state *state = bpf_map_lookup_elem(&test_chained, &zero);

	if (!state)
		return XDP_ABORTED;
	state->runs++;
	return state->verdict;
}
