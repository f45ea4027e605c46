/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a `prove` rule does: beginnings (SYNs) to what it is for go on only from sources that have shown they receive what goes
 * to their address, or that are known. Others are asked (answer.bpf.h); a reset with the right number is the proof. Whoever
 * never sees the question, or cannot answer it, sends the same SYN again after a second: that passes from a budget, and
 * proves nothing, since who forges can send twice as well.
 *
 * Connections that exist are not touched: only SYNs and, of sources without a proof, resets are looked at.
 */
#ifndef SLUICE_SHIELD_BPF_H
#define SLUICE_SHIELD_BPF_H

#include "answer.bpf.h"
#include "rule.bpf.h"

/* Everything below is in units of 2^FLOW_TIME_SHIFT ns (1.05 ms), in 32 bits that go round in 52 days. */
#define PROVER_LASTS (600 * 1000000000ULL >> FLOW_TIME_SHIFT)
/* So long after the first proof, further resets of connections that were begun meanwhile still come in. */
#define PROVER_NEW (4 * 1000000000ULL >> FLOW_TIME_SHIFT)
/* A bucket of beginnings is two seconds deep. */
#define PROVER_DEPTH (2 * 1000000000ULL >> FLOW_TIME_SHIFT)
/* Eight answers a second to one address, and eight at once: whoever is forged gets no flood from us. */
#define ANSWER_TIME  ((1000000000ULL >> FLOW_TIME_SHIFT) / 8)
#define ANSWER_DEPTH (7 * ANSWER_TIME)

/* Marks of SYNs: 20 bits of a hash over 12 bits of time, in units of 2^26 ns (67 ms). */
#define MARK_SHIFT 26
#define MARK_TIMES 0xfff
/* Retransmissions come after one second, three at some; no sooner than half of one, no later than eight. */
#define MARK_LEAST 8
#define MARK_MOST  119

/* Sources with traffic both ways before the attack began; the agent writes them, the program their `due`. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, KNOWN_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct known_source);
} known SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SHIELD_LINES);
	__type(key, __u32);
	__type(value, struct shield_line);
} shield SEC(".maps");

/* What a proof is for: an IPv4 address, or an IPv6 /64. Those whose first 32 bits are 0 are nobody's (RFC 4291). */
INLINE __u64 shield_source(const struct packet *p)
{
	return p->family == 4 ? bpf_ntohl(p->saddr[3]) : word_of(bpf_ntohl(p->saddr[0]), bpf_ntohl(p->saddr[1]));
}

/* Nobody honest begins anything from such a source: nothing is answered there. */
INLINE int is_nobody(const struct packet *p)
{
	__u32 first = bpf_ntohl(p->family == 4 ? p->saddr[3] : p->saddr[0]), net = first >> 24;

	if (p->family == 4)
		return net == 0 || net == 127 || net >= 224 || p->saddr[3] == p->daddr[3];
	return !first || net == 0xff;
}

INLINE struct shield_line *shield_line_of(__u64 source)
{
	const volatile __u32 *keys = config.hash_keys;
	__u64 hash = flow_mix(flow_pair(source, keys[6], source >> 32, keys[7]));
	__u32 index = hash >> 32 & (SHIELD_LINES - 1);

	return bpf_map_lookup_elem(&shield, &index);
}

/* Whether there is room for one more in a bucket that is `depth` deep; takes it. A time far ahead is one of 52 days ago. */
INLINE int shield_take(__u32 *due, __u32 now, __u32 interval, __u32 depth)
{
	__u32 ahead = *due - now;

	if (ahead > 2 * depth)
		ahead = 0;
	if (ahead > depth)
		return 0;
	*due = now + ahead + interval;
	return 1;
}

INLINE struct known_source *known_source_of(const struct packet *p)
{
	__u64 source = shield_source(p);

	return bpf_map_lookup_elem(&known, &source);
}

/* Whether limits leave the packet out. */
__attribute__((noinline)) int is_known(const struct packet *p)
{
	return p && known_source_of(p) != 0;
}

INLINE struct prover *prover_find(struct shield_line *line, __u64 source, __u32 now)
{
	int i;

#pragma unroll
	for (i = 0; i < SHIELD_PROVERS; i++)
		if (line->provers[i].source == source && source && now - line->provers[i].since < PROVER_LASTS)
			return &line->provers[i];
	return 0;
}

/* The oldest gives way. */
INLINE void prover_add(struct shield_line *line, __u64 source, __u32 now)
{
	int older = now - line->provers[1].since > now - line->provers[0].since;
	struct prover *prover = &line->provers[0];

	if (line->provers[0].source && (older || !line->provers[1].source))
		prover = &line->provers[1];
	prover->source = source;
	prover->since = now;
	prover->due = now;
}

/* Of a SYN, again the same when it is sent again. */
INLINE __u32 mark_of(const struct packet *p)
{
	return flow_mix(flow_hash(p, config.hash_keys) + p->sequence) >> 44 << 12;
}

/* Whether the same SYN came half a second to eight seconds ago; if not lately, this one is remembered, in place of the oldest. */
INLINE int mark_returns(struct shield_line *line, const struct packet *p, __u64 now)
{
	__u32 mark = mark_of(p), time = now >> MARK_SHIFT & MARK_TIMES, age, seen = 0;
	int i;

#pragma unroll
	for (i = 0; i < SHIELD_MARKS; i++) {
		age = (time - line->marks[i]) & MARK_TIMES;
		if ((line->marks[i] ^ mark) >> 12 || age > MARK_MOST)
			continue;
		if (age >= MARK_LEAST)
			return 1;
		seen = 1;
	}
	if (seen)
		return 0;
#pragma unroll
	for (i = SHIELD_MARKS - 1; i > 0; i--)
		line->marks[i] = line->marks[i - 1];
	line->marks[0] = mark | time;
	return 0;
}

/* Generic cell rate (rule.bpf.h), a second deep. */
INLINE int budget_take(struct scope_rule *rule, __u64 now)
{
	__u64 due = rule->challenge.retransmission_due;

	if (due < now)
		due = now;
	if (due - now > 1000000000ULL)
		return 0;
	rule->challenge.retransmission_due = due + rule->rule.rest.byte_time;
	return 1;
}

/* A SYN. A bucket that is empty makes a stranger of whoever has a proof: his name may be borrowed. */
INLINE enum verdict prove_syn(struct scope_rule *rule, const struct packet *p, __u64 now)
{
	__u32 time = now >> FLOW_TIME_SHIFT, interval = rule->rule.rest.packet_time >> FLOW_TIME_SHIFT;
	__u64 source = shield_source(p);
	struct shield_line *line = shield_line_of(source);
	struct known_source *friend;
	struct prover *prover;
	int is_proven = 0;

	if (!line)
		return VERDICT_PASS;
	prover = prover_find(line, source, time);
	if (prover) {
		if (shield_take(&prover->due, time, interval, PROVER_DEPTH))
			return VERDICT_PASS;
		is_proven = 1;
	} else {
		friend = known_source_of(p);
		if (friend && shield_take(&friend->due, time, friend->interval, PROVER_DEPTH))
			return VERDICT_PASS;
		is_proven = friend != 0;
	}
	if (rule->rule.head.flags & RULE_SHADOW) {
		rule_hit(&rule->rule.head, 0, p, now);
		return VERDICT_PASS;
	}
	if (is_nobody(p) || p->fragment)
		goto silent;
	if (mark_returns(line, p, now)) {
		if (budget_take(rule, now)) {
			__sync_fetch_and_add(&rule->challenge.retransmitted, 1);
			return VERDICT_PASS;
		}
		__sync_fetch_and_add(&rule->challenge.over_budget, 1);
	}
	if (is_proven || rule->rule.head.flags & RULE_SILENT ||
	    !shield_take(&line->answer_due, time, ANSWER_TIME, ANSWER_DEPTH))
		goto silent;
	rule_hit(&rule->rule.head, 0, p, now);
	return VERDICT_ANSWER;
silent:
	__sync_fetch_and_add(&rule->challenge.unanswered, 1);
	rule_hit(&rule->rule.head, 0, p, now);
	return VERDICT_DROP;
}

/*
 * A reset. One of 32,768 that are none of ours carries a right number by chance and is lost; so those of sources with a proof
 * are let alone, but for the first seconds, in which others of their questions come back.
 */
INLINE enum verdict prove_reset(struct scope_rule *rule, const struct packet *p, __u64 now)
{
	__u32 time = now >> FLOW_TIME_SHIFT;
	__u64 source = shield_source(p);
	struct shield_line *line = shield_line_of(source);
	struct prover *prover;

	if (!line || rule->rule.head.flags & (RULE_SHADOW | RULE_SILENT) || p->fragment || is_nobody(p))
		return VERDICT_PASS;
	prover = prover_find(line, source, time);
	if (prover ? time - prover->since > PROVER_NEW : known_source_of(p) != 0)
		return VERDICT_PASS;
	if (!cookie_returns(p, now, config.cookie_key)) {
		__sync_fetch_and_add(&rule->challenge.wrong, 1);
		return VERDICT_PASS;
	}
	if (!prover)
		prover_add(line, source, time);
	__sync_fetch_and_add(&rule->challenge.proven, 1);
	return VERDICT_DROP;
}

/*
 * What a `prove` rule makes of a beginning or a reset (is_beginning()). Global: verified once, not for each scope that a search may
 * find.
 */
__attribute__((noinline)) int prove_decides(struct scope_rule *rule, const struct packet *p, int automatic, __u64 now)
{
	if (!rule || !p || !rule_applies(&rule->rule.head, 0, automatic, now))
		return VERDICT_PASS;
	return p->tcp_flags & 1 << TCP_RST_BIT ? prove_reset(rule, p, now) : prove_syn(rule, p, now);
}

/*
 * Whether `prove` rules look at the packet: SYNs, whatever else they carry, resets, and first fragments that hide their flags (RFC
 * 1858), which no honest TCP sends.
 */
INLINE int is_beginning(const struct packet *p)
{
	__u8 flags = p->tcp_flags;

	if (likely(!(flags & (1 << TCP_SYN_BIT | 1 << TCP_RST_BIT))) && likely(!p->fragment))
		return 0;
	if (p->protocol != PROTO_TCP)
		return 0;
	return flags & 1 << TCP_RST_BIT || (flags & (1 << TCP_SYN_BIT | 1 << TCP_ACK_BIT)) == 1 << TCP_SYN_BIT ||
	       (!flags && p->dport);
}

#ifdef __bpf__
/* Sends the frame of a SYN back as the question. */
__attribute__((noinline)) int shield_answer(struct xdp_md *ctx, const struct packet *p, __u64 now)
{
	__u32 length;

	if (!p)
		return 0;
	length = answer_length(p);
	if (length < ANSWER_LEAST)
		length = ANSWER_LEAST;
	/* In several buffers: no SYN that anybody sends. */
	if (bpf_xdp_get_buff_len(ctx) != ctx->data_end - ctx->data ||
	    bpf_xdp_adjust_tail(ctx, (int)length - (int)(ctx->data_end - ctx->data)))
		return 0;
	return answer_write((void *)(long)ctx->data, (void *)(long)ctx->data_end, p,
			    cookie_number(p, now, config.cookie_key));
}
#endif

#endif /* SLUICE_SHIELD_BPF_H */
