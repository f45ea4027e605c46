// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Time per packet on a veth pair, sender and receiver on one CPU: the shipped program beside bare programs that drop or
 * pass everything.
 *
 *   live DRIVER.o SLUICE.o SLOTS ROUNDS PACKETS CPU
 *
 * The pair is in a namespace of this process, and goes with it. Frames are made by a live test run
 * (BPF_F_TEST_XDP_LIVE_FRAMES) that writes the source as the driver does and redirects to the far end, so that the program
 * at the near end runs in the same softirq. What passes is dropped by the stack: nobody has its address.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "driver.h"
#include "load.h"

#define FLOWS 1000

enum kind { BARE_DROP, BARE_PASS, SLUICE_DROP, SLUICE_PASS, KINDS };

static double nanoseconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

static void send_frames(int sender, int count)
{
	struct {
		struct ethhdr ethernet;
		struct iphdr ip;
		struct udphdr udp;
		char payload[22];
	} __attribute__((packed)) frame = {
		.ethernet = { .h_dest = { 2, 0, 0, 0, 0, 9 },
			      .h_source = { 2, 0, 0, 0, 0, 8 },
			      .h_proto = htons(ETH_P_IP) },
		.ip = { .version = 4,
			.ihl = 5,
			.ttl = 64,
			.protocol = IPPROTO_UDP,
			.tot_len = htons(50),
			.daddr = htonl(0xc0a80001) },
		.udp = { .dest = htons(53), .len = htons(30) },
	};
	struct xdp_md context = { .data_end = sizeof(frame) };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = &frame, .data_size_in = sizeof(frame), .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = count, .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
		    .batch_size = 64);

	if (bpf_prog_test_run_opts(sender, &options))
		die("cannot send live frames");
}

static void print(const char *name, double ours, double bare, double ratio, double bar)
{
	printf("%-42s %8.1f %8.1f %7.2f %6.2f\n", name, ours, bare, ratio, bar);
}

int main(int argc, char **argv)
{
	static double samples[KINDS][MAX_ROUNDS];
	double times[KINDS];
	int programs[KINDS], rounds, packets, near, sender;
	struct bpf_object *driver;
	struct driver_state *state;
	cpu_set_t set;

	if (argc != 7)
		die("usage: live DRIVER.o SLUICE.o SLOTS ROUNDS PACKETS CPU");
	rounds = atoi(argv[4]);
	packets = atoi(argv[5]);
	CPU_ZERO(&set);
	CPU_SET(atoi(argv[6]), &set);
	if (rounds < 1 || rounds > MAX_ROUNDS || packets < 1 || sched_setaffinity(0, sizeof(set), &set))
		die("rounds must be 1 to %d, packets at least 1, and the CPU there", MAX_ROUNDS);
	libbpf_set_print(quiet);
	if (unshare(CLONE_NEWNET) ||
	    system("ip link add name near type veth peer name far && "
		   "ip link set near addrgenmode none up && ip link set far addrgenmode none up"))
		die("cannot make a namespace with a veth pair");
	near = if_nametoindex("near");

	driver = open_object(argv[1]);
	load(driver, argv[1]);
	state = memory_of(map_of(driver, "state"));
	state->flows = FLOWS;
	state->interface = if_nametoindex("far");
	sender = program_of(driver, "send");
	programs[BARE_DROP] = program_of(driver, "drop_frags");
	programs[BARE_PASS] = program_of(driver, "pass_frags");
	programs[SLUICE_DROP] = program_of(load_sluice(argv[2], FLOWS, atoi(argv[3])), "sluice_ingress");
	programs[SLUICE_PASS] = program_of(load_sluice(argv[2], 0, atoi(argv[3])), "sluice_ingress");
	for (int round = -1; round < rounds; round++)
		for (enum kind kind = 0; kind < KINDS; kind++) {
			double start;

			if (bpf_xdp_attach(near, programs[kind], XDP_FLAGS_DRV_MODE, NULL))
				die("cannot attach to the veth pair");
			send_frames(sender, 1000);
			start = nanoseconds();
			send_frames(sender, packets);
			if (round >= 0)
				samples[kind][round] = (nanoseconds() - start) / packets;
		}
	for (enum kind kind = 0; kind < KINDS; kind++)
		times[kind] = median(samples[kind], rounds);
	printf("\n%-42s %8s %8s %7s %6s\n", "ns per packet, live over veth, one CPU", "sluice", "bare", "ratio", "bar");
	print("drop (ratio of rates, at least)", times[SLUICE_DROP], times[BARE_DROP],
	      times[BARE_DROP] / times[SLUICE_DROP], 0.8);
	print("pass", times[SLUICE_PASS], times[BARE_PASS], times[SLUICE_PASS] / times[BARE_PASS], 1.25);
	return 0;
}
