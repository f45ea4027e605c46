// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The shipped program with its clock taken from a map, for test runs. Everything else is the included code: the shipped
 * object holds nothing of this.
 */
#define SLUICE_TEST
#include "sluice.bpf.c"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} test_clock SEC(".maps");

SEC("xdp.frags")
int sluice_ingress(struct xdp_md *ctx)
{
	__u32 zero = 0;
	__u64 *clock = bpf_map_lookup_elem(&test_clock, &zero), now = clock ? *clock : 0;
	__u32 length = bpf_xdp_get_buff_len(ctx);
	int drop = process((void *)(long)ctx->data, (void *)(long)ctx->data_end, length, 1, 1, now);

	return drop ? XDP_DROP : XDP_PASS;
}
