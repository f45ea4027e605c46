// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The program on the XDP hook, and its twin on the egress hook.
 *
 *   frame -> parse -> allow, deny, prove, limit -> count -> pass
 *
 * Every exit goes through record(): no frame is uncounted. bpf/DESIGN.md says why it is built so.
 */
#include <linux/pkt_cls.h>
#include "platform.bpf.h"

const volatile struct sluice_config config = { .cpus = 1, .sets = 1, .source_lines = 1 };

/* Of the kernel's own buffer, where the flag of multi-buffer packets stands; libbpf finds its offset. */
struct xdp_buff {
	__u32 flags;
} __attribute__((preserve_access_index));

extern void *bpf_cast_to_kern_ctx(void *) __ksym __weak;
extern int LINUX_KERNEL_VERSION __kconfig;

#include "parse.bpf.h"
#include "flows.bpf.h"
#include "proof.bpf.h"
#include "home.bpf.h"
#include "service.bpf.h"
#include "sketch.bpf.h"
#include "rules.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct sluice_control);
} control SEC(".maps");

/* The three below have one segment for each generation and CPU; the agent sizes them before loading. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct flow_set);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct frame_totals);
} totals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct flow_sketch);
} sketches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PROOF_SETS);
	__type(key, __u32);
	__type(value, struct proof_set);
} proofs SEC(".maps");

/* One program that passing packets go on to, if there is one (`sluice chain`). It must be made for multi-buffer packets, too. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} next SEC(".maps");

INLINE void record(struct frame_totals *all, enum frame_kind kind, const struct packet *p)
{
	if (kind >= FRAME_KINDS)
		return;
	all->count[kind].packets += p->count;
	all->count[kind].bytes += p->length;
}

/* Global, as most of what few packets need: verified once, not for each way in which a packet comes here. */
__attribute__((noinline)) int count_aside(__u32 segment, const struct packet *p)
{
	struct flow_sketch *sketch = bpf_map_lookup_elem(&sketches, &segment);

	if (sketch && p)
		sketch_add(sketch, p->daddr, p->family, config.sketch_seed, p->count);
	return FRAME_ASIDE;
}

/* An entry lost its place: what it had counted moves from flow to aside. */
INLINE void move_aside(__u32 segment, struct frame_totals *all, const struct flow_lost *lost)
{
	struct flow_sketch *sketch = bpf_map_lookup_elem(&sketches, &segment);

	all->count[FRAME_FLOW].packets -= lost->packets;
	all->count[FRAME_FLOW].bytes -= lost->bytes;
	all->count[FRAME_ASIDE].packets += lost->packets;
	all->count[FRAME_ASIDE].bytes += lost->bytes;
	if (sketch)
		sketch_add(sketch, lost->daddr, lost->family, config.sketch_seed, lost->packets);
}

INLINE struct sluice_control *control_block(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&control, &zero);
}

/*
 * Whether a packet is a martian. If not, it says what it says: of our own services that they answer, and, if it is a SYN-ACK,
 * that its receiver is asked for a proof.
 */
__attribute__((noinline)) int is_refused(const struct packet *p, __u32 interface, __u64 now)
{
	struct sluice_control *block = control_block();
	struct proof_set *set;
	__u64 hash;
	__u32 index;
	int from_outside;

	if (!p || !block)
		return 0;
	from_outside = is_outside(block, interface);
	if (unlikely(home_may_be(p)) && from_outside && is_home(p))
		return 1;
	if (!from_outside && (p->protocol == PROTO_UDP || tcp_is_syn_ack(p)))
		service_note(p, now);
	if (!tcp_is_syn_ack(p))
		return 0;
	hash = proof_reverse_hash(p, config.hash_keys);
	index = proof_index(hash);
	set = bpf_map_lookup_elem(&proofs, &index);
	if (set)
		proof_ask(set, hash, bpf_ntohl(p->sequence) + 1, now >> FLOW_TIME_SHIFT);
	return 0;
}

/* The marks of a flow with this hash, of which `marks` were known, after an ACK. */
__attribute__((noinline)) __u32 marks_after_ack(__u32 marks, __u64 hash, __be32 acknowledged, __u64 now)
{
	__u32 index = proof_index(hash);
	struct proof_set *set = bpf_map_lookup_elem(&proofs, &index);

	return set ? proof_marks(set, marks, hash, bpf_ntohl(acknowledged), now >> FLOW_TIME_SHIFT) : marks;
}

INLINE void prove(struct flow_set *set, __u32 way, const struct packet *p, __u64 hash, __u64 now)
{
	struct flow_entry *entry = &set->entries[way & (FLOW_WAYS - 1)];

	entry->fragments = marks_after_ack(entry->fragments, hash, p->acknowledged, now);
}

/* Counts the first packet of a flow in this generation. */
__attribute__((noinline)) int count_first(__u32 segment, const struct packet *p, __u64 hash, __u64 now)
{
	__u32 sets = config.sets, index = segment * sets + flow_set_index(hash, sets), way = 0;
	struct flow_set *set = bpf_map_lookup_elem(&flows, &index);
	struct frame_totals *all = bpf_map_lookup_elem(&totals, &segment);
	struct flow_lost lost;
	enum flow_result result;

	if (!p || !set || !all)
		return FRAME_ASIDE;
	result = flow_count_first(set, hash, p, now >> FLOW_TIME_SHIFT, &way, &lost);
	if (result == FLOW_ASIDE)
		return count_aside(segment, p);
	if (result == FLOW_EVICTED)
		move_aside(segment, all, &lost);
	if (flow_may_prove(set, way, p))
		prove(set, way, p, hash, now);
	return FRAME_FLOW;
}

/*
 * Where a packet comes from is looked at with the first of its flow in a generation; of SYN-ACKs always, for what they say is
 * taken as a question to somebody else.
 */
INLINE enum frame_kind count_flow(__u32 segment, const struct packet *p, __u32 interface, __u64 now)
{
	__u64 hash = flow_hash(p, config.hash_keys);
	__u32 sets = config.sets, index = segment * sets + flow_set_index(hash, sets), way = FLOW_WAYS;
	struct flow_set *set = bpf_map_lookup_elem(&flows, &index);

	if (likely(set != 0))
		way = flow_find(set, flow_tag(hash), p);
	if (unlikely(way >= FLOW_WAYS || tcp_is_syn_ack(p)) && is_refused(p, interface, now))
		return FRAME_MARTIAN;
	if (unlikely(way >= FLOW_WAYS) || !set)
		return count_first(segment, p, hash, now);
	if (unlikely(flow_count_again(set, way, p, now >> FLOW_TIME_SHIFT) == FLOW_ASIDE))
		return count_aside(segment, p);
	if (unlikely(flow_may_prove(set, way, p)))
		prove(set, way, p, hash, now);
	return FRAME_FLOW;
}

/* The segment this CPU writes now. Read once a packet: the agent may turn the generation at any time. */
INLINE __u32 current_segment(const struct sluice_control *block)
{
	return (*(const volatile __u32 *)&block->generation & 1) * config.cpus + bpf_get_smp_processor_id();
}

#ifndef SLUICE_TEST
/*
 * The time, read once a tick: bpf_jiffies64() is two instructions, while any of the clocks is a call, which costs a tenth of
 * the whole path, and more where returns are guarded (docs/dataplane.md). Steps by a tick, as the coarse clock does.
 */
INLINE __u64 time_now(struct frame_totals *all)
{
	__u64 tick = bpf_jiffies64();

	if (unlikely(all->tick != tick)) {
		all->tick = tick;
		all->now = bpf_ktime_get_ns();
	}
	return all->now;
}
#endif

/*
 * Whether rules have a packet dropped that is in no flow, but has addresses: no shape of packet may get around them.
 * Global, and so verified once, not for each way in which packets can be odd.
 */
__attribute__((noinline)) int rules_drop_odd(const struct packet *p, __u64 now)
{
	struct sluice_control *block = control_block();

	return p && block && rules_decide(p, block, now);
}

/*
 * Where a packet of a flow is counted: what rules make of it, if `ingress` is the packet on that hook. Nobody is asked in the name
 * of an address that is ours.
 */
INLINE enum frame_kind treat(struct xdp_md *ingress, __u32 segment, const struct sluice_control *block,
			     const struct packet *p, __u32 interface, __u64 now)
{
	int verdict = ingress ? rules_decide(p, block, now) : VERDICT_PASS;

	if (likely(verdict == VERDICT_PASS))
		return count_flow(segment, p, interface, now);
	return verdict == VERDICT_ANSWER && !is_refused(p, interface, now) && shield_answer(ingress, p, now) ?
		       FRAME_ANSWERED :
		       FRAME_DROPPED;
}

/*
 * The whole path of a packet that came in by `interface`, or, if that is 0, is this host's. `ingress` is null on egress, where
 * nothing is dropped. What becomes of it, an XDP action.
 */
INLINE int process(struct xdp_md *ingress, void *data, void *end, __u32 length, __u32 count, __u32 interface)
{
	struct sluice_control *block = control_block();
	struct frame_totals *all;
	struct packet packet;
	enum frame_kind kind;
	__u32 segment;
	__u64 now;

	if (unlikely(!block))
		return XDP_PASS;
	segment = current_segment(block);
	all = bpf_map_lookup_elem(&totals, &segment);
	if (unlikely(!all))
		return XDP_PASS;
	now = time_now(all);
	kind = parse_frame(data, end, &packet);
	packet.length = length;
	packet.count = count;
	if (likely(kind == FRAME_FLOW))
		kind = treat(ingress, segment, block, &packet, interface, now);
	else if (ingress && packet.family && rules_drop_odd(&packet, now))
		kind = FRAME_DROPPED;
	record(all, kind, &packet);
	if (kind == FRAME_ANSWERED)
		return XDP_TX;
	return kind == FRAME_DROPPED || (kind == FRAME_MARTIAN && block->drop_martians) ? XDP_DROP : XDP_PASS;
}

/*
 * Bytes of the whole packet. Only one of several buffers is worth the helper that adds them up; from 6.2 on the kernel lets
 * us look which are.
 */
INLINE __u32 packet_length(struct xdp_md *ctx)
{
	if (LINUX_KERNEL_VERSION >= KERNEL_VERSION(6, 2, 0)) {
		const struct xdp_buff *buffer = bpf_cast_to_kern_ctx(ctx);

		if (likely(!buffer->flags))
			return ctx->data_end - ctx->data;
	}
	return bpf_xdp_get_buff_len(ctx);
}

SEC("xdp.frags")
int sluice_ingress(struct xdp_md *ctx)
{
	int action = process(ctx, (void *)(long)ctx->data, (void *)(long)ctx->data_end, packet_length(ctx), 1,
			     ctx->ingress_ifindex);

	if (action != XDP_PASS)
		return action;
	/* Does not come back, unless the slot is empty. */
	bpf_tail_call_static(ctx, &next, 0);
	return XDP_PASS;
}

/*
 * For hosts with one interface: what goes out, so that answers are seen. Counts only; a GSO packet stands for the
 * frames it will become (their repeated headers are not in `len`).
 */
SEC("tc")
int sluice_egress(struct __sk_buff *ctx)
{
	__u32 segments = ctx->gso_segs ?: 1;

	process(0, (void *)(long)ctx->data, (void *)(long)ctx->data_end, ctx->len, segments, ctx->ingress_ifindex);
	return TC_ACT_UNSPEC;
}
