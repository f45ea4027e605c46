// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Nanoseconds per packet of the shipped program, of Debian's xdp-filter, and of our path over an LRU per-CPU hash, on the
 * same packets in the same run.
 *
 *   bench DRIVER.o SLUICE.o LRU.o XDPFILTER.o SLOTS ROUNDS PACKETS CPU
 *
 * Cases take turns in each round, since the speed of a machine changes while one measures; what is printed is the median
 * over rounds of (case - floor), the floor being the driver with a program that only passes. Time is the CPU time of this
 * thread: a test run also waits for the kernel to rewrite its XDP dispatcher.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../bpf/sluice.h"
#include "driver.h"
#include "load.h"

#define MAX_GROUPS 16
/* Sources of 65,536 networks of 256 addresses. */
#define EVERYWHERE (1 << 24)

enum kind { FLOOR, FLOOR_FRAGS, XDP_FILTER, SLUICE, LRU, KINDS };

/* Programs run on the same packets. */
struct group {
	const char *name;
	__u32 flows;    /* 0: every packet is a new one */
	__u32 blocked;  /* sources denied, from the first on; 0: others */
	int is_syn;     /* TCP SYNs of strangers, which are asked for a proof */
	__u32 prefixes; /* networks denied: with `blocked` those of all sources, else others */
	int family;
	__u32 slots;    /* of the flow table, for one CPU */
	double bar;     /* ours : xdp-filter; 0: none set */
	double lru_bar; /* ours : LRU; 0: not measured */
	struct frame_totals *totals;
	int program[KINDS];
	double samples[KINDS][MAX_ROUNDS];
};

static struct group groups[MAX_GROUPS];
static int group_count, rounds, packets;
static struct driver_state *state;
static int jump, jump_frags, drive, drive_frags;

static void add(const char *name, __u32 flows, __u32 blocked, __u32 slots, double bar, double lru_bar)
{
	groups[group_count++] = (struct group){ .name = name,
						.flows = flows,
						.blocked = blocked,
						.family = 4,
						.slots = slots,
						.bar = bar,
						.lru_bar = lru_bar };
}

static void add_prefixes(const char *name, int blocked, int family, __u32 slots)
{
	add(name, EVERYWHERE, blocked, slots, 0, 0);
	groups[group_count - 1].prefixes = EVERYWHERE >> 8;
	groups[group_count - 1].family = family;
}

static void load_all(char **paths)
{
	struct bpf_object *driver = open_object(paths[0]), *object;

	load(driver, paths[0]);
	state = memory_of(map_of(driver, "state"));
	jump = bpf_map__fd(map_of(driver, "next"));
	jump_frags = bpf_map__fd(map_of(driver, "next_frags"));
	drive = program_of(driver, "drive");
	drive_frags = program_of(driver, "drive_frags");
	for (struct group *g = groups; g < groups + group_count; g++) {
		g->program[FLOOR] = program_of(driver, "pass");
		g->program[FLOOR_FRAGS] = program_of(driver, "pass_frags");
		object = load_sluice(paths[1], g->prefixes ? 0 : g->blocked, g->slots);
		if (g->family == 4)
			deny_prefixes4(object, g->prefixes, !g->blocked);
		else
			deny_prefixes6(object, g->prefixes);
		if (g->is_syn)
			ask_strangers(object);
		g->totals = memory_of(map_of(object, "totals"));
		g->program[SLUICE] = program_of(object, "sluice_ingress");
		if (g->lru_bar > 0)
			g->program[LRU] = program_of(load_sluice(paths[2], g->blocked, FLOW_WAYS), "lru_ingress");
		/* Which knows no prefixes. */
		if (!g->prefixes && !g->is_syn)
			g->program[XDP_FILTER] = load_filter(paths[3], g->blocked);
	}
}

/* Nanoseconds a packet, floor included. */
static double run(const struct group *g, enum kind kind, __u32 count)
{
	int frags = kind != XDP_FILTER && kind != FLOOR;
	struct {
		struct ethhdr ethernet;
		struct iphdr ip;
		struct udphdr udp;
		char payload[22];
	} __attribute__((packed)) packet = {
		.ethernet.h_proto = htons(ETH_P_IP),
		.ip = { .version = 4,
			.ihl = 5,
			.ttl = 64,
			.protocol = IPPROTO_UDP,
			.tot_len = htons(50),
			.daddr = htonl(BENCH_DESTINATION) },
		.udp = { .dest = htons(53), .len = htons(30) },
	};
	struct {
		struct ethhdr ethernet;
		struct iphdr ip;
		struct tcphdr tcp;
		char padding[6];
	} __attribute__((packed)) syn = {
		.ethernet.h_proto = htons(ETH_P_IP),
		.ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP, .tot_len = htons(40) },
		.tcp = { .doff = 5 },
	};
	struct {
		struct ethhdr ethernet;
		struct ipv6hdr ip;
		struct udphdr udp;
		char payload[22];
	} __attribute__((packed)) packet6 = {
		.ethernet.h_proto = htons(ETH_P_IPV6),
		.ip = { .version = 6,
			.hop_limit = 64,
			.nexthdr = IPPROTO_UDP,
			.payload_len = htons(30),
			.daddr.s6_addr = { 0xfd, [15] = 1 } },
		.udp = { .dest = htons(53), .len = htons(30) },
	};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = g->family == 4 ? (void *)&packet : (void *)&packet6,
		    .data_size_in = g->family == 4 ? sizeof(packet) : sizeof(packet6), .repeat = count);
	__u32 wanted = g->is_syn ? XDP_TX : g->blocked ? XDP_DROP : XDP_PASS;
	__u32 zero = 0;
	double start;

	if (bpf_map_update_elem(frags ? jump_frags : jump, &zero, &g->program[kind], 0))
		die("cannot jump to the program of '%s'", g->name);
	if (g->is_syn) {
		options.data_in = &syn;
		options.data_size_in = sizeof(syn);
	}
	state->flows = g->flows;
	state->is_syn = g->is_syn;
	start = cpu_nanoseconds();
	if (bpf_prog_test_run_opts(frags ? drive_frags : drive, &options))
		die("cannot run '%s'", g->name);
	if (options.retval != wanted && kind != FLOOR && kind != FLOOR_FRAGS)
		die("'%s' returned %u", g->name, options.retval);
	return (cpu_nanoseconds() - start) / count;
}

static void run_all(void)
{
	for (int round = -1; round < rounds; round++)
		for (struct group *g = groups; g < groups + group_count; g++)
			for (enum kind kind = FLOOR; kind < KINDS; kind++) {
				if (!g->program[kind])
					continue;
				/* The first round fills tables and caches. */
				if (round < 0)
					run(g, kind, 1 << 20);
				else
					g->samples[kind][round] = run(g, kind, packets);
			}
}

/* Median over rounds of the case less the floor of the same round. */
static double net(const struct group *g, enum kind kind)
{
	enum kind floor = kind == XDP_FILTER ? FLOOR : FLOOR_FRAGS;
	double values[MAX_ROUNDS];

	for (int i = 0; i < rounds; i++)
		values[i] = g->samples[kind][i] - g->samples[floor][i];
	return median(values, rounds);
}

/* Share of the packets that stand in an entry of the flow table, in percent. */
static double coverage(const struct group *g)
{
	double flow = 0, aside = 0;

	for (int i = 0; i < GENERATIONS * libbpf_num_possible_cpus(); i++) {
		flow += g->totals[i].count[FRAME_FLOW].packets;
		aside += g->totals[i].count[FRAME_ASIDE].packets;
	}
	return 100 * flow / (flow + aside);
}

static void print(const char *name, double ours, double theirs, double bar)
{
	printf("%-42s %8.1f %8.1f %7.2f", name, ours, theirs, ours / theirs);
	if (bar > 0)
		printf(" %6.2f", bar);
}

int main(int argc, char **argv)
{
	cpu_set_t set;
	__u32 slots;

	if (argc != 9)
		die("usage: bench DRIVER.o SLUICE.o LRU.o XDPFILTER.o SLOTS ROUNDS PACKETS CPU");
	slots = atoi(argv[5]);
	rounds = atoi(argv[6]);
	packets = atoi(argv[7]);
	if (rounds < 1 || rounds > MAX_ROUNDS || packets < 1)
		die("rounds must be 1 to %d, packets at least 1", MAX_ROUNDS);
	CPU_ZERO(&set);
	CPU_SET(atoi(argv[8]), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("there is no CPU %s", argv[8]);
	libbpf_set_print(quiet);

	add("pass, 1 k flows", 1000, 0, slots, 1.15, 0);
	add("pass, 64 k flows", 65536, 0, slots, 2.7, 0.3);
	add("pass, 1 M flows", 1 << 20, 0, slots, 2.4, 0.17);
	add("pass, 64 k flows, 65,536 slots", 65536, 0, 65536, 2.7, 0);
	add("pass, 1 M flows, 65,536 slots", 1 << 20, 0, 65536, 2.4, 0);
	add("pass, every packet a new flow", 0, 0, slots, 0, 0);
	add("drop, 1 k sources blocked", 1000, 1000, slots, 0.85, 0);
	add("drop, 64 k sources blocked", 65536, 65536, slots, 0.6, 0);
	add("drop, 1 M sources blocked", 1 << 20, 1 << 20, slots, 0.65, 0);
	add("pass, sources from everywhere", EVERYWHERE, 0, slots, 0, 0);
	add_prefixes("pass, 64 k prefixes denied elsewhere", 0, 4, slots);
	add_prefixes("drop, 64 k IPv4 prefixes", 1, 4, slots);
	add_prefixes("drop, 64 k IPv6 prefixes", 1, 6, slots);
	add("ask, strangers' SYNs from everywhere", EVERYWHERE, 0, slots, 0, 0);
	groups[group_count - 1].is_syn = 1;
	load_all(argv + 1);
	run_all();

	printf("%-42s %8s %8s %7s %6s %9s\n", "net ns per packet, one CPU", "sluice", "peer", "ratio", "bar",
	       "coverage");
	for (struct group *g = groups; g < groups + group_count; g++) {
		if (g->prefixes || g->is_syn)
			continue;
		print(g->name, net(g, SLUICE), net(g, XDP_FILTER), g->bar);
		if (!g->blocked)
			printf(g->bar > 0 ? " %7.1f %%" : "        %7.1f %%", coverage(g));
		printf("\n");
	}
	for (struct group *g = groups; g < groups + group_count; g++) {
		char name[64];

		if (g->lru_bar <= 0)
			continue;
		snprintf(name, sizeof(name), "%s, to LRU per-CPU hash", g->name);
		print(name, net(g, SLUICE), net(g, LRU), g->lru_bar);
		printf("\n");
	}
	print("pass, 64 k prefixes denied elsewhere", net(&groups[10], SLUICE), net(&groups[9], SLUICE), 0);
	printf("\n");
	/* Beside as many single addresses, ours and xdp-filter's, which knows no prefixes. */
	for (struct group *g = groups + 11; g < groups + 13; g++)
		for (enum kind kind = XDP_FILTER; kind <= SLUICE; kind++) {
			char name[64];

			snprintf(name, sizeof(name), "%s, to %s", g->name,
				 kind == SLUICE ? "own addresses" : "xdp-filter");
			print(name, net(g, SLUICE), net(&groups[7], kind), 0);
			printf("\n");
		}
	print("every packet a new flow, to own 1 k flows", net(&groups[5], SLUICE), net(&groups[0], SLUICE), 2.2);
	printf("\n");
	/* Beside the drop of as many blocked sources as fit, each from another line of memory, too. */
	print("ask, strangers' SYNs, to own drop of 1 M", net(&groups[13], SLUICE), net(&groups[8], SLUICE), 1.5);
	printf("\n");
	return 0;
}
