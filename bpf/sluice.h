/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the XDP program and the agent must agree on, and nothing else. Compiled as BPF, as C for the host, and
 * imported by Swift. Addresses and ports are in network order; times are CLOCK_MONOTONIC; padding is named
 * and always zero.
 */
#ifndef SLUICE_H
#define SLUICE_H

#include <linux/types.h>

/* Tables from here on: clang-format would tear their columns apart. */
/* clang-format off */

/* Changes whenever a map's key, value or meaning does. An agent adopts pinned maps of its own version only. */
#define SLUICE_ABI		5

#define FLOW_WAYS		8
#define GENERATIONS		2
#define SKETCH_ROWS		4
#define SKETCH_WIDTH		4096
/* Flow times are kept in units of 2^20 ns (1.05 ms): 32 bits last 52 days, and a shift is cheaper than a division. */
#define FLOW_TIME_SHIFT		20
/* Interfaces on the side of others that can be told apart from our own. */
#define OUTSIDE_MAX		14
/* Random words that key the flow hash: ten for an IPv6 flow. */
#define HASH_KEYS		10

/* Fixed when the program is loaded, so that the verifier can prune and the compiler fold. */
struct sluice_config {
	__u32	cpus;			/* possible CPUs: each has its own segment of the flow table */
	__u32	sets;			/* sets in a segment, a power of two */
	__u32	source_lines;		/* lines of `source_rules` that hashes name: as many as there may be rules */
	__u32	allow_rules;		/* of these, rules that only the allow-list may have */
	__u32	hash_keys[HASH_KEYS];
	__u64	sketch_seed;
	__u64	cookie_key[2];		/* of the hash in what strangers are asked */
};

/* The one entry of the map `control`: what the agent tells the running program. */
struct sluice_control {
	__u32	abi;			/* SLUICE_ABI of the program that made the maps */
	__u32	generation;		/* 0 or 1: the half of the flow table that is being written */
	__u64	heartbeat;		/* when the agent was last alive, ns */
	__u64	dead_after;		/* silence, in ns, after which automatic rules no longer apply; 0: never */
	__u32	scoped_rules;		/* rules by destination, but for `prove_rules`; 0 saves their look-ups */
	__u32	gate_all;		/* gate bits of prefixes too short to be spread: IPv4 below /8, IPv6 below /32 */
	__u32	prove_rules;		/* rules that beginnings alone are looked up for */
	__u32	drop_martians;		/* nonzero: they are dropped, else counted only */
	__u32	outside[OUTSIDE_MAX];	/* interfaces (by index) on the side of others; 0 ends the list */
	struct sluice_config config;	/* a copy for an agent that adopts the maps */
};

/* Where a frame is counted: exactly one of these. */
enum frame_kind {
	FRAME_FLOW,			/* in an entry of the flow table */
	FRAME_ASIDE,			/* IP without a place there: in the sketch */
	FRAME_DROPPED,
	FRAME_ANSWERED,			/* a beginning, sent back as a question */
	FRAME_OTHER,			/* not IP */
	FRAME_SHORT,			/* malformed: ends inside the IP header */
	FRAME_VERSION,			/* malformed: version field is not what the Ethernet type says */
	FRAME_HEADER_LENGTH,		/* malformed: IPv4 header length below 20 or beyond the frame */
	FRAME_EXTENSION,		/* malformed: IPv6 extension header beyond the frame */
	FRAME_MARTIAN,			/* from outside, in the name of a source that is not there: no evidence of anything */
	FRAME_KINDS,
};

struct frame_count {
	__u64	packets;
	__u64	bytes;
};

/* One entry of the map `totals`, [generation][cpu]; written by that CPU alone. Whole cache lines. */
struct frame_totals {
	struct frame_count count[FRAME_KINDS];
	__u64	tick;			/* jiffies when `now` was read; 0: not yet */
	__u64	now;			/* ns: the time of this tick's packets */
	__u64	pad[2];
};

/*
 * What one CPU saw of one flow in one generation; one cache line. A flow is (source, destination, protocol, ports)
 * in one direction. `family` is 4 or 6; of IPv6 addresses the last four bytes stand here and all sixteen in
 * `flow_set.ipv6`. An entry close to overflow takes no more packets (they go aside), so no counter ever wraps.
 */
struct flow_entry {
	__be32	saddr;
	__be32	daddr;
	__be16	sport;
	__be16	dport;
	__u8	protocol;
	__u8	family;
	__u16	fragments;		/* sticks at FRAGMENTS_MAX; above it the marks of enum flow_mark */
	__u32	packets;
	__u32	bytes;			/* frame lengths, Ethernet header included */
	__u64	squared_bytes;
	__u32	first;			/* in units of 2^FLOW_TIME_SHIFT ns */
	__u32	last;
	__u32	syn;			/* TCP packets with SYN, without ACK */
	__u32	syn_ack;
	__u32	ack;			/* with ACK, SYN-ACKs too */
	__u32	fin;
	__u32	rst;
	__u16	min_length;
	__u16	max_length;
};

#define FRAGMENTS_MAX		0x3fff

enum flow_mark {
	FLOW_UNSURE = 1 << 14,		/* TCP: the next ACK is to be held against the table of proofs */
	FLOW_PROVEN = 1 << 15,		/* TCP: the source has acknowledged the number that its peer chose */
};

struct flow_addresses {
	__be32	saddr[4];
	__be32	daddr[4];
};

/*
 * One set of the cache. A look-up reads `tags` (hash bits, 0 = free) and touches one entry; IPv6 half a line more.
 * `tags` and `ages` hold a byte a way: of way i the bits 8 i and up. `doorkeeper` holds the tags of the last eight flows
 * that the set, being full, turned away at first, the latest lowest.
 *
 *   line 0      tags ages doorkeeper contests    ages: packets seen, up to 15, less lost contests
 *   line 1..8   entries[8]
 *   line 9..12  ipv6[8]
 */
struct flow_set {
	__u64	tags;
	__u64	ages;
	__u64	doorkeeper;
	__u32	contests;
	__u32	pad[9];
	struct flow_entry entries[FLOW_WAYS];
	struct flow_addresses ipv6[FLOW_WAYS];
};

/* One entry of the map `sketches`, [generation][cpu]: packets aside by destination. */
struct flow_sketch {
	__u32	packets[SKETCH_ROWS][SKETCH_WIDTH];
};

/*
 * What is known of who can receive what is sent to him (proof.bpf.h). A proof is kept for one TCP flow, that of the caller: first as
 * a question, which is the number that the callee chose; then, when the caller has acknowledged it, as an answer.
 */
struct proof {
	__u64	flow;			/* its hash, of which the lowest byte counts wrong answers; 0: free */
	__u32	number;			/* that is to be acknowledged, host order */
	__u32	seen;			/* in units of 2^FLOW_TIME_SHIFT ns */
};
#define PROOF_WAYS		4
#define PROOF_SETS		8192

/* Questions stand apart from answers: a flood of the former pushes out no answer. */
struct proof_set {
	struct proof asked[PROOF_WAYS];
	struct proof proven[PROOF_WAYS];
};

/* A service of our side that answers: 32 bits of the hash of its address, port and protocol, and when it last did. */
struct service {
	__u32	tag;			/* 0: free */
	__u32	seen;			/* in units of 2^FLOW_TIME_SHIFT ns */
};
#define SERVICE_WAYS		4
#define SERVICE_SETS		16384

struct service_set {
	struct service tcp[SERVICE_WAYS];
	struct service udp[SERVICE_WAYS];
};

/* A network that is ours, or an address that no packet from outside can have: the key of the map `homes`. */
struct home_key {
	__u32	length;			/* of the prefix, 32 bits more than its own: those of the family */
	__u32	family;			/* 4 or 6, host order */
	__be32	addr[4];		/* IPv4 in the first word */
};
/* One bit for each IPv4 /16, and for each of as many classes of IPv6 /32: whether a home may be there. */
#define HOME_GATE_BITS		(1 << 16)

/* What a rule does, and who made it: kinds are kept apart everywhere, and asked in this order. */
enum rule_kind {
	KIND_ALLOW,
	KIND_MANUAL_DENY,
	KIND_AUTOMATIC_DENY,
	KIND_MANUAL_PROVE,		/* in scopes only */
	KIND_AUTOMATIC_PROVE,
	KIND_MANUAL_LIMIT,
	KIND_AUTOMATIC_LIMIT,
	RULE_KINDS,
};

enum rule_flag {
	RULE_SHADOW = 1 << 0,		/* counts, does not drop */
	RULE_MANUAL = 1 << 1,		/* made by a person: holds without the agent */
	RULE_LIMIT = 1 << 2,		/* drops only what is beyond the rate */
	RULE_IPV6 = 1 << 3,		/* on sources: family */
	RULE_IN_FORCE = 1 << 4,		/* on sources: there is one at this place */
	RULE_RETIRED = 1 << 5,		/* on sources: there was one, which programs may still be at work on */
	RULE_REMOVED = 1 << 6,		/* on sources: there was one, and searches go on here */
	RULE_ALLOW = 1 << 7,		/* on sources: never dropped, never limited; counts nothing */
	/* In scopes two bits say something else. */
	RULE_PROVE = 1 << 3,		/* beginnings from strangers are asked whether they are where they say */
	RULE_SILENT = 1 << 4,		/* ... but without a question: only what is sent again passes */
};

/* What becomes of a packet. */
enum verdict {
	VERDICT_PASS,			/* as far as these rules go */
	VERDICT_DROP,
	VERDICT_ANSWER,			/* sent back as a question */
};

/*
 * What each packet that meets a rule needs of it: half a cache line. It counts what it dropped, or in shadow would have.
 * The first CPU that meets a deny rule owns its plain counters; the others add to the shared ones atomically: exact, and
 * as cheap as a plain add where one queue carries a source's traffic. A limit has its state in place of the plain
 * counters, and no owner.
 */
struct rule_head {
	__u32	expires;		/* in units of 2^EXPIRY_SHIFT ns; EXPIRES_NEVER: never */
	__u32	last_hit;		/* in units of 2^FLOW_TIME_SHIFT ns; 0: never hit */
	__u64	own[2];			/* deny: packets and bytes on the owner. Limit: when both are due next, ns */
	__u16	owner;			/* CPU + 1; 0: nobody yet */
	__u8	flags;			/* enum rule_flag */
	__u8	length;			/* of the source prefix, in bits */
	__u32	key;			/* on sources: see SOURCE_MASK */
};

/* What else there is to a rule. */
struct rule_rest {
	__u64	shared[2];		/* packets and bytes on all other CPUs */
	__u32	packet_time;		/* limit: ns between packets; 0: any rate; or LIMIT_CONFINES. Prove: between beginnings of one source */
	__u32	byte_time;		/* limit: the same for bytes, in units of 2^-BYTE_TIME_SHIFT ns. Prove: ns between retransmissions */
	__u32	id;
	__u32	expires_low;		/* the bits of its end, in ns, that do not stand in `head.expires` */
};

/* One rule; those on sources have their halves in two arrays. */
struct rule {
	struct rule_head head;
	struct rule_rest rest;
};

/* A limit on beginnings at services that do not answer: none of them. */
#define LIMIT_CONFINES		0xffffffff
/* What a `prove` rule counts beside the beginnings it did not let pass, which are its packets; all on whichever CPU, atomically. */
struct challenge {
	__u64	proven;			/* resets with the right number */
	__u64	retransmitted;		/* SYNs that passed because they came again */
	__u64	over_budget;		/* SYNs that came again, too many of them */
	__u64	wrong;			/* resets of strangers with another number */
	__u64	unanswered;		/* beginnings dropped without a question: the address has had enough of them, or cannot be asked */
	__u64	retransmission_due;	/* ns: when the next one is due that may pass */
	__u64	pad[2];
};

/* One rule in a scope. */
struct scope_rule {
	struct rule rule;
	struct challenge challenge;
};

/* A source that has proven its address: an IPv4 address, or the first half of an IPv6 address. */
struct prover {
	__u64	source;			/* in host order; 0: none */
	__u32	since;			/* in units of 2^FLOW_TIME_SHIFT ns */
	__u32	due;			/* when its next beginning is due */
};

#define SHIELD_PROVERS		2
#define SHIELD_MARKS		7
#define SHIELD_LINES		(1 << 18)

/* What is remembered of strangers whose hash names this line: one cache line, and so one wait for memory a beginning. */
struct shield_line {
	struct prover provers[SHIELD_PROVERS];
	__u32	answer_due;		/* when the next question to one of them is due */
	__u32	marks[SHIELD_MARKS];	/* of SYNs that were not let pass, the latest first */
};

/* A source that has nothing to prove, and what it may begin: `interval` between beginnings, in units of 2^FLOW_TIME_SHIFT ns. */
struct known_source {
	__u32	interval;
	__u32	due;
};

#define KNOWN_MAX		(1 << 16)

/* 1.07 s: so a rule's last second alone takes a look at its other half. 32 bits of it last 146 years. */
#define EXPIRY_SHIFT		30
#define EXPIRES_NEVER		0xffffffff

/* Fine enough for 10 Gbit/s to 0.1 percent, wide enough for 240 bytes a second. */
#define BYTE_TIME_SHIFT		10

/*
 * Rules on sources, for single addresses and for prefixes of any length, stand in the array `source_rules`, two in a cache
 * line, and their other halves in `source_rest`: a hash table that the agent alone writes, but for counters. A rule stands
 * in the line that the hash of its key (first address and length) names, or at one of the next places, SOURCE_PROBES in
 * all; a search ends at a place whose last word is 0. Whose a rule is says that word, without the owner (SOURCE_MASK):
 * flags, length and `key`, which is the first IPv4 address, or 32 hash bits of the IPv6 address that stands in
 * `source_keys`. A rule never moves while it is in force.
 */
#define SOURCE_LINE		2
#define SOURCE_PROBES		128

struct source_line {
	struct rule_head rule[SOURCE_LINE];
};

#define SOURCE_FLAGS		(RULE_ALLOW | RULE_MANUAL | RULE_LIMIT | RULE_IPV6 | RULE_IN_FORCE)
#define SOURCE_WORD(flags, length, key) \
	((__u64)(key) << 32 | (__u64)(length) << 24 | (__u64)(flags) << 16)
#define SOURCE_MASK		SOURCE_WORD(SOURCE_FLAGS, 0xff, 0xffffffff)

/* The first IPv6 address that the rule at the same place is for. */
struct source_key {
	__be32	addr[4];
};

/*
 * Lengths of the prefixes that may hold a source: one word for each IPv4 /16, two for each of the gate's classes of IPv6
 * prefixes. Bit i stands for prefixes that leave i + 1 bits open (64 more in the second word), so that the lowest bit that
 * is set is the longest prefix. A bit too many costs time, never truth. Single addresses have none: the gate knows them.
 */
#define LENGTHS4_SIZE		(1 << 16)

struct lengths6 {
	__u64	open[2];
};

/* How narrow a scope is. */
enum scope_level {
	SCOPE_ADDRESS,
	SCOPE_PROTOCOL,
	SCOPE_PORT,
	SCOPE_LEVELS,
};

/* Rules on what goes to one address: the longest matching source prefix of those that share the rest. */
struct scope_key {
	__u32	length;			/* SCOPE_BITS and those of the source prefix */
	__u8	kind;			/* enum rule_kind */
	__u8	level;			/* enum scope_level: what it does not look at is 0 */
	__u8	family;
	__u8	protocol;
	__be16	dport;
	__u16	pad;
	__be32	daddr[4];		/* IPv4 in the last word */
	__be32	saddr[4];		/* IPv4 in the first word */
};
#define SCOPE_BITS		192

/* Classes of destinations; bit `kind * SCOPE_LEVELS + level` of a class is set where there is such a rule. */
#define SCOPE_GATE_SIZE		4096

/*
 * The gate: one byte for each IPv4 /24 (DIR-24), and one for each of 65,536 classes of IPv6 prefixes, says which rules on
 * sources an address may have, so that traffic nobody has a rule for pays one load. Exact are rules on single addresses. A
 * bit too many costs time, never truth.
 */
enum gate_bit {
	GATE_ALLOW_EXACT = 1 << 0,
	GATE_ALLOW_PREFIX = 1 << 1,
	GATE_MANUAL_EXACT = 1 << 2,
	GATE_MANUAL_PREFIX = 1 << 3,
	GATE_AUTOMATIC_EXACT = 1 << 4,
	GATE_AUTOMATIC_PREFIX = 1 << 5,
	GATE_LIMIT_EXACT = 1 << 6,	/* manual or automatic */
	GATE_LIMIT_PREFIX = 1 << 7,
};
#define GATE4_SIZE		(1 << 24)
#define GATE6_SIZE		(1 << 16)

_Static_assert(sizeof(struct sluice_config) == 80, "sluice_config is copied as bytes");
_Static_assert(sizeof(struct sluice_control) == 176, "sluice_control is a map value");
_Static_assert(sizeof(struct frame_totals) % 64 == 0, "frame_totals fills whole cache lines");
_Static_assert(sizeof(struct flow_entry) == 64, "flow_entry is one cache line");
_Static_assert(sizeof(struct flow_set) == 13 * 64, "flow_set is a map value of whole cache lines");
_Static_assert(sizeof(struct flow_sketch) == SKETCH_ROWS * SKETCH_WIDTH * 4, "flow_sketch is a map value");
_Static_assert(sizeof(struct proof_set) == 128, "proof_set is a map value of whole cache lines");
_Static_assert(sizeof(struct service_set) == 64, "service_set is one cache line");
_Static_assert(sizeof(struct home_key) == 24, "home_key is a map key");
_Static_assert(sizeof(struct rule) == 64, "rule is a map value");
_Static_assert(sizeof(struct source_line) == 64, "source_line is one cache line");
_Static_assert(sizeof(struct source_key) == 16, "source_key is a map value");
_Static_assert(sizeof(struct lengths6) == 16, "lengths6 is a map value");
_Static_assert(sizeof(struct scope_rule) == 128, "scope_rule is a map value");
_Static_assert(sizeof(struct shield_line) == 64, "shield_line is one cache line");
_Static_assert(sizeof(struct known_source) == 8, "known_source is a map value");
_Static_assert(sizeof(struct scope_key) == 44, "scope_key is a map key");

#endif /* SLUICE_H */
