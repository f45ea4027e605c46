/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The question that a beginning is answered with: a SYN-ACK that acknowledges what was never sent. Whoever did send the SYN
 * resets it by the very number that it acknowledges (RFC 793, SYN-SENT), and so shows that it receives what goes to its
 * address. That number carries a keyed hash of who asked whom, so nothing has to be remembered meanwhile.
 *
 * It is at most 65,536 below the number that the SYN began with: connection tracking of Linux takes an acknowledgement that is
 * at most 66,000 behind for an old one, and lets question and reset pass. A random one it holds for invalid, and the real
 * connection then fails behind NAT.
 */
#ifndef SLUICE_ANSWER_BPF_H
#define SLUICE_ANSWER_BPF_H

#include "parse.bpf.h"

/* A hash is good for this slot of 2^36 ns (69 s) and for the next. */
#define COOKIE_SLOT_SHIFT 36

/* Behind an Ethernet header with at most VLAN_MAX_DEPTH tags. */
#define ANSWER_NETWORK_MAX (sizeof(struct ethernet_header) + VLAN_MAX_DEPTH * sizeof(struct vlan_tag))
/* A frame is no shorter; not all drivers fill up what XDP sends. */
#define ANSWER_LEAST 60

struct tcp_header {
	__be32 ports;
	__be32 sequence;
	__be32 acknowledgement;
	__u8 offset;
	__u8 flags;
	__be16 window;
	__be16 checksum;
	__be16 urgent;
} IN_FRAME;

/* SipHash-1-3 (J.-P. Aumasson, D. Bernstein, INDOCRYPT 2012). */
struct siphash {
	__u64 v[4];
};

INLINE __u64 rotated(__u64 x, int by)
{
	return x << by | x >> (64 - by);
}

INLINE void siphash_round(struct siphash *s)
{
	s->v[0] += s->v[1];
	s->v[1] = rotated(s->v[1], 13) ^ s->v[0];
	s->v[0] = rotated(s->v[0], 32);
	s->v[2] += s->v[3];
	s->v[3] = rotated(s->v[3], 16) ^ s->v[2];
	s->v[0] += s->v[3];
	s->v[3] = rotated(s->v[3], 21) ^ s->v[0];
	s->v[2] += s->v[1];
	s->v[1] = rotated(s->v[1], 17) ^ s->v[2];
	s->v[2] = rotated(s->v[2], 32);
}

INLINE void siphash_word(struct siphash *s, __u64 word)
{
	s->v[3] ^= word;
	siphash_round(s);
	s->v[0] ^= word;
}

INLINE __u64 word_of(__u32 high, __u32 low)
{
	return (__u64)high << 32 | low;
}

/*
 * What the lower half of the number is in a slot of time. Its lowest bit names the slot, so that a reset, which may come in the
 * next one, takes one hash: what a guess is worth stays the same.
 */
INLINE __u16 cookie(const struct packet *p, __u32 slot, const volatile __u64 *key)
{
	struct siphash s = { {
		key[0] ^ 0x736f6d6570736575ULL,
		key[1] ^ 0x646f72616e646f6dULL,
		key[0] ^ 0x6c7967656e657261ULL,
		key[1] ^ 0x7465646279746573ULL,
	} };
	__u64 hash;

	if (p->family == 6) {
		siphash_word(&s, word_of(p->saddr[0], p->saddr[1]));
		siphash_word(&s, word_of(p->saddr[2], p->daddr[0]));
		siphash_word(&s, word_of(p->daddr[1], p->daddr[2]));
	}
	siphash_word(&s, word_of(p->saddr[3], p->daddr[3]));
	/* The family stands for the length, which the last word of a SipHash carries. */
	siphash_word(&s, word_of(p->ports, slot ^ (__u32)p->family << 28));
	s.v[2] ^= 0xff;
	siphash_round(&s);
	siphash_round(&s);
	siphash_round(&s);
	hash = s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
	return (hash & 0xfffe) | (slot & 1);
}

/* The number that the answer to a SYN acknowledges: the greatest below its own with the cookie in the lower half. */
INLINE __u32 cookie_number(const struct packet *p, __u64 now, const volatile __u64 *key)
{
	__u32 last = bpf_ntohl(p->sequence) - 1;

	return last - (__u16)(last - cookie(p, now >> COOKIE_SLOT_SHIFT, key));
}

/* Whether a reset carries a number that an answer acknowledged, in this slot or the one before. */
INLINE int cookie_returns(const struct packet *p, __u64 now, const volatile __u64 *key)
{
	__u16 low = bpf_ntohl(p->sequence);
	__u32 slot = now >> COOKIE_SLOT_SHIFT;

	return low == cookie(p, slot - ((slot ^ low) & 1), key);
}

INLINE __u32 halves(__be32 x)
{
	return (x & 0xffff) + (x >> 16);
}

INLINE __u32 halves_of(const __be32 *address)
{
	return halves(address[0]) + halves(address[1]) + halves(address[2]) + halves(address[3]);
}

/* One's complement of the one's complement sum (RFC 1071). */
INLINE __u16 checksum(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* Bytes of the answer to a SYN, without what fills it up. */
INLINE __u32 answer_length(const struct packet *p)
{
	return p->network + (p->family == 4 ? sizeof(struct ipv4_header) : sizeof(struct ipv6_header)) +
	       sizeof(struct tcp_header);
}

INLINE void answer_ethernet(struct ethernet_header *ethernet)
{
	__u8 to[6];

	__builtin_memcpy(to, ethernet->addresses, 6);
	__builtin_memcpy(ethernet->addresses, ethernet->addresses + 6, 6);
	__builtin_memcpy(ethernet->addresses + 6, to, 6);
}

INLINE void answer_ipv4(struct ipv4_header *ip, const struct packet *p)
{
	ip->version_length = 0x45;
	ip->service = 0;
	ip->total_length = bpf_htons(sizeof(struct ipv4_header) + sizeof(struct tcp_header));
	ip->id = 0;
	ip->fragment = bpf_htons(0x4000);
	ip->ttl = 64;
	ip->protocol = PROTO_TCP;
	ip->saddr = p->daddr[3];
	ip->daddr = p->saddr[3];
	ip->checksum = checksum(bpf_htons(0x4500) + ip->total_length + ip->fragment + bpf_htons(64 << 8 | PROTO_TCP) +
				halves(ip->saddr) + halves(ip->daddr));
}

INLINE void answer_ipv6(struct ipv6_header *ip, const struct packet *p)
{
	ip->version_flow = bpf_htonl(6U << 28);
	ip->payload_length = bpf_htons(sizeof(struct tcp_header));
	ip->next = PROTO_TCP;
	ip->hop_limit = 64;
	__builtin_memcpy(ip->saddr, p->daddr, 16);
	__builtin_memcpy(ip->daddr, p->saddr, 16);
}

/* Without options: nobody keeps what a SYN-ACK says that is not accepted. Sums are made anew: a frame's may be left to hardware. */
INLINE void answer_tcp(struct tcp_header *tcp, const struct packet *p, __u32 number)
{
	tcp->ports = p->ports << 16 | p->ports >> 16;
	tcp->sequence = bpf_htonl(~number);
	tcp->acknowledgement = bpf_htonl(number);
	tcp->offset = sizeof(struct tcp_header) / 4 << 4;
	tcp->flags = 1 << TCP_SYN_BIT | 1 << TCP_ACK_BIT;
	tcp->window = bpf_htons(64240);
	tcp->urgent = 0;
	tcp->checksum = checksum(halves_of(p->saddr) + halves_of(p->daddr) + bpf_htons(PROTO_TCP) +
				 bpf_htons(sizeof(struct tcp_header)) + halves(tcp->ports) + halves(tcp->sequence) +
				 halves(tcp->acknowledgement) + bpf_htons(5 << 12 | tcp->flags) + tcp->window);
}

/*
 * Turns the frame of a SYN around. It has been brought to max(answer_length(), ANSWER_LEAST) bytes; tags stay in place. Nonzero:
 * it is the answer.
 */
INLINE int answer_write(void *data, void *end, const struct packet *p, __u32 number)
{
	struct ethernet_header *ethernet = data;
	struct ipv4_header *ip4;
	struct ipv6_header *ip6;
	struct tcp_header *tcp;
	__be16 *fill = data + ANSWER_LEAST - 6;
	__u32 network = p->network;

	/* A frame to many would be answered by all that get it. */
	if (data + ANSWER_LEAST > end || network > ANSWER_NETWORK_MAX || ethernet->addresses[0] & 1)
		return 0;
	fill[0] = fill[1] = fill[2] = 0;
	answer_ethernet(ethernet);
	if (p->family == 4) {
		ip4 = data + network;
		tcp = (void *)(ip4 + 1);
		if ((void *)(tcp + 1) > end)
			return 0;
		answer_ipv4(ip4, p);
	} else {
		ip6 = data + network;
		tcp = (void *)(ip6 + 1);
		if ((void *)(tcp + 1) > end)
			return 0;
		answer_ipv6(ip6, p);
	}
	answer_tcp(tcp, p, number);
	return 1;
}

#endif /* SLUICE_ANSWER_BPF_H */
