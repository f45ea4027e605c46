// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The shipped path with its flow table replaced by what is usual, an LRU per-CPU hash: same parser, same rules, same
 * totals, same counters of a flow. For comparison only.
 */
#include "../../bpf/sluice.bpf.c"

struct lru_key {
	__be32 saddr[4];
	__be32 daddr[4];
	__be32 ports;
	__u8 protocol;
	__u8 family;
	__u16 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 1 << 21);
	__type(key, struct lru_key);
	__type(value, struct flow_entry);
} lru SEC(".maps");

INLINE enum frame_kind count_lru(const struct packet *p, __u64 now)
{
	struct lru_key key = { .ports = p->ports, .protocol = p->protocol, .family = p->family };
	struct flow_entry *entry;

	__builtin_memcpy(key.saddr, p->saddr, sizeof(key.saddr));
	__builtin_memcpy(key.daddr, p->daddr, sizeof(key.daddr));
	entry = bpf_map_lookup_elem(&lru, &key);
	if (!entry) {
		struct flow_entry fresh = { .first = now >> FLOW_TIME_SHIFT, .min_length = 0xffff };

		bpf_map_update_elem(&lru, &key, &fresh, BPF_NOEXIST);
		entry = bpf_map_lookup_elem(&lru, &key);
		if (!entry)
			return FRAME_ASIDE;
	}
	flow_add(entry, p, now >> FLOW_TIME_SHIFT);
	return FRAME_FLOW;
}

SEC("xdp.frags")
int lru_ingress(struct xdp_md *ctx)
{
	struct sluice_control *block = control_block();
	struct frame_totals *all;
	struct packet packet;
	enum frame_kind kind;
	__u32 segment;
	__u64 now;

	if (!block)
		return XDP_ABORTED;
	segment = current_segment(block);
	all = bpf_map_lookup_elem(&totals, &segment);
	if (!all)
		return XDP_ABORTED;
	now = time_now(all);
	kind = parse_frame((void *)(long)ctx->data, (void *)(long)ctx->data_end, &packet);
	packet.length = packet_length(ctx);
	packet.count = 1;
	if (kind == FRAME_FLOW) {
		if (rules_decide(&packet, block, now))
			kind = FRAME_DROPPED;
		else
			kind = count_lru(&packet, now);
	}
	record(all, kind, &packet);
	return kind == FRAME_DROPPED ? XDP_DROP : XDP_PASS;
}
