// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Gives the program under test another packet on each of the repetitions of one test run: writes source address and port
 * from a counter, then jumps to the program, which is as it is shipped.
 *
 * A program made for multi-buffer packets can be reached only from one that is too, hence two drivers of one text.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "driver.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct driver_state);
} state SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} next SEC(".maps"), next_frags SEC(".maps");

static __always_inline void write_source6(struct xdp_md *ctx, __u32 flow)
{
	struct ethhdr *ethernet = (void *)(long)ctx->data;
	struct ipv6hdr *ip = (void *)(ethernet + 1);
	struct udphdr *udp = (void *)(ip + 1);

	if ((void *)(udp + 1) > (void *)(long)ctx->data_end)
		return;
	ip->saddr.in6_u.u6_addr32[0] = bpf_htonl(BENCH_FIRST_WORD);
	ip->saddr.in6_u.u6_addr32[1] = bpf_htonl(flow << 8);
	ip->saddr.in6_u.u6_addr32[3] = bpf_htonl(flow);
	udp->source = bpf_htons(1024 + (flow & 0x3fff));
}

/* What was turned around is made a SYN again, but for what the program does not look at. */
static __always_inline void write_syn(struct xdp_md *ctx)
{
	struct ethhdr *ethernet = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(ethernet + 1);
	struct tcphdr *tcp = (void *)(ip + 1);

	if ((void *)(tcp + 1) > (void *)(long)ctx->data_end)
		return;
	ip->daddr = bpf_htonl(BENCH_DESTINATION);
	tcp->dest = bpf_htons(80);
	((__u8 *)tcp)[13] = 2;
}

static __always_inline void write_source(struct xdp_md *ctx)
{
	struct ethhdr *ethernet = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(ethernet + 1);
	struct udphdr *udp = (void *)(ip + 1);
	struct driver_state *s;
	__u32 zero = 0, flow;
	__u64 x;

	if ((void *)(udp + 1) > (void *)(long)ctx->data_end)
		return;
	s = bpf_map_lookup_elem(&state, &zero);
	if (!s)
		return;
	x = s->counter++;
	if (s->flows) {
		/* One of the flows, all equally likely: Stafford's finalizer makes the counter random. */
		x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
		x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
		flow = ((x ^ x >> 31) >> 32) * s->flows >> 32;
	} else {
		flow = x;
	}
	if (ethernet->h_proto == bpf_htons(ETH_P_IPV6))
		return write_source6(ctx, flow);
	ip->saddr = bpf_htonl(BENCH_FIRST_SOURCE + flow);
	udp->source = bpf_htons(1024 + (flow & 0x3fff));
	if (s->is_syn)
		write_syn(ctx);
}

SEC("xdp")
int drive(struct xdp_md *ctx)
{
	write_source(ctx);
	bpf_tail_call(ctx, &next, 0);
	return XDP_ABORTED;
}

SEC("xdp.frags")
int drive_frags(struct xdp_md *ctx)
{
	write_source(ctx);
	bpf_tail_call(ctx, &next_frags, 0);
	return XDP_ABORTED;
}

/* Of a live test run: frames with sources of ours, on their way to the far end of a wire. */
SEC("xdp")
int send(struct xdp_md *ctx)
{
	__u32 zero = 0;
	struct driver_state *s = bpf_map_lookup_elem(&state, &zero);

	write_source(ctx);
	return s ? bpf_redirect(s->interface, 0) : XDP_ABORTED;
}

/* The floor: what is left when the program under test does nothing. */
SEC("xdp")
int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp.frags")
int pass_frags(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp.frags")
int drop_frags(struct xdp_md *ctx)
{
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
