// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Nanoseconds per packet of the shipped program and of Debian's xdp-filter, on
 * the same packets in the same run.
 *
 *   bench DRIVER.o SLUICE.o XDPFILTER.o ROUNDS PACKETS CPU
 *
 * Cases take turns in each round, since the speed of a machine changes while
 * one measures; what is printed is the median over rounds of (case - floor),
 * the floor being the driver with a program that only passes. Time is the CPU
 * time of this thread: a test run also waits for the kernel to rewrite its XDP
 * dispatcher.
 */
#define _GNU_SOURCE
#include "../../bpf/sluice.h"
#include "driver.h"
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define MAX_ROUNDS 101
#define MAX_CASES  32
/* Denied sources that no packet comes from, in the cases that pass. */
#define ELSEWHERE 10000

enum kind { FLOOR, FLOOR_FRAGS, XDP_FILTER, SLUICE };

struct bench_case {
	const char *group;
	enum kind kind;
	__u32 flows;   /* 0: every packet is a new one */
	__u32 blocked; /* sources denied, from the first on; 0: ELSEWHERE others */
	__u32 slots;   /* of the flow table, for one CPU */
	int fd;
	double samples[MAX_ROUNDS];
};

static struct bench_case cases[MAX_CASES];
static int case_count;
static const char *sluice_path, *filter_path;
static struct driver_state *state;
static int jump, jump_frags, drive, drive_frags, cpus;

static void die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fprintf(stderr, "bench: ");
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\n");
	exit(1);
}

static int quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, arguments) : 0;
}

static struct bpf_object *open_object(const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);

	if (!object)
		die("cannot open %s", path);
	return object;
}

static struct bpf_map *map_of(struct bpf_object *object, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	if (!map)
		die("no map %s", name);
	return map;
}

static int program_of(struct bpf_object *object, const char *name)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);

	if (!program)
		die("no program %s", name);
	return bpf_program__fd(program);
}

static void *memory_of(struct bpf_map *map)
{
	size_t value = (bpf_map__value_size(map) + 7) / 8 * 8,
	       size = (value * bpf_map__max_entries(map) + 4095) / 4096 * 4096;
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (memory == MAP_FAILED)
		die("cannot map %s", bpf_map__name(map));
	return memory;
}

static void load(struct bpf_object *object, const char *path)
{
	if (bpf_object__load(object))
		die("cannot load %s", path);
}

/* The i-th denied source. Those elsewhere are far from the traffic's. */
static __u32 denied(const struct bench_case *c, __u32 i)
{
	return htonl((c->blocked ? BENCH_FIRST_SOURCE : 0xac100000U) + i);
}

static int load_filter(const struct bench_case *c)
{
	struct bpf_object *object = open_object(filter_path);
	__u32 count = c->blocked ? c->blocked : ELSEWHERE, i;
	struct bpf_map *map = map_of(object, "filter_ipv4"), *each;
	__u64 *value = malloc(cpus * sizeof(*value));

	/* Its maps are pinned by name; here each case has its own. */
	bpf_object__for_each_map(each, object)
		bpf_map__set_pin_path(each, NULL);
	if (count > bpf_map__max_entries(map))
		bpf_map__set_max_entries(map, count);
	load(object, filter_path);
	for (int cpu = 0; cpu < cpus; cpu++)
		value[cpu] = 1; /* deny as a source */
	for (i = 0; i < count; i++) {
		__u32 key = denied(c, i);

		if (bpf_map_update_elem(bpf_map__fd(map), &key, value, 0))
			die("cannot deny a source in xdp-filter");
	}
	free(value);
	return program_of(object, "xdpfilt_alw_ip");
}

/* As many rules as the agent's default has room for, or as many as there are.
 */
static __u32 rule_slots(__u32 rules)
{
	return rules > 131072 ? rules : 131072;
}

/* Puts a rule on an IPv4 source into the exact table; see exact_hash4() and EXACT_PROBES. */
static void add_rule(struct rule *rules, const struct sluice_config *config, __u32 id, __be32 addr)
{
	__u64 hash = ((__u64)config->hash_keys[0] << 32 | config->hash_keys[1] | 1) * addr +
		     ((__u64)config->hash_keys[2] << 32 | config->hash_keys[3]);
	struct rule *rule;

	hash = (hash ^ hash >> 32) * 0xbf58476d1ce4e5b9ULL;
	rule = rules + ((hash >> 32) * config->exact_homes >> 32);
	while (rule->flags)
		rule++;
	*rule = (struct rule){ .id = id, .length = 32, .flags = RULE_IN_FORCE, .key = addr };
}

static int load_sluice(const struct bench_case *c)
{
	struct bpf_object *object = open_object(sluice_path);
	struct sluice_config config = { .cpus = cpus, .sets = c->slots / FLOW_WAYS, .ipv6_prefix = 64 };
	__u32 count = c->blocked ? c->blocked : ELSEWHERE, i;
	struct rule *rules;
	struct bpf_map *map;
	__u8 *gate;

	for (i = 0; i < HASH_KEYS; i++)
		config.hash_keys[i] = (i + 1) * 0x9e3779b1U;
	config.sketch_seed = 42;
	config.exact_homes = 2 * rule_slots(count);
	bpf_object__for_each_map(map, object)
		if (strstr(bpf_map__name(map), ".rodata"))
			bpf_map__set_initial_value(map, &config, sizeof(config));
	bpf_map__set_max_entries(map_of(object, "flows"), GENERATIONS * cpus * config.sets);
	bpf_map__set_max_entries(map_of(object, "totals"), GENERATIONS * cpus);
	bpf_map__set_max_entries(map_of(object, "sketches"), GENERATIONS * cpus);
	bpf_map__set_max_entries(map_of(object, "exact_rules"), config.exact_homes + EXACT_PROBES);
	bpf_map__set_max_entries(map_of(object, "exact_keys"), config.exact_homes + EXACT_PROBES);
	load(object, sluice_path);
	gate = memory_of(map_of(object, "gate4"));
	rules = memory_of(map_of(object, "exact_rules"));
	for (i = 0; i < count; i++) {
		add_rule(rules, &config, i + 1, denied(c, i));
		gate[ntohl(denied(c, i)) >> 8] |= GATE_AUTOMATIC_EXACT;
	}
	return program_of(object, "sluice_ingress");
}

static void load_driver(const char *path)
{
	struct bpf_object *object = open_object(path);

	load(object, path);
	state = memory_of(map_of(object, "state"));
	jump = bpf_map__fd(map_of(object, "next"));
	jump_frags = bpf_map__fd(map_of(object, "next_frags"));
	drive = program_of(object, "drive");
	drive_frags = program_of(object, "drive_frags");
	for (int i = 0; i < case_count; i++) {
		struct bench_case *c = &cases[i];

		switch (c->kind) {
		case FLOOR: c->fd = program_of(object, "pass"); break;
		case FLOOR_FRAGS: c->fd = program_of(object, "pass_frags"); break;
		case XDP_FILTER: c->fd = load_filter(c); break;
		case SLUICE: c->fd = load_sluice(c); break;
		}
	}
}

static double nanoseconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

/* Nanoseconds a packet, floor included. */
static double run(const struct bench_case *c, __u32 packets)
{
	int frags = c->kind == SLUICE || c->kind == FLOOR_FRAGS;
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
			.daddr = htonl(0xc0a80001) },
		.udp = { .dest = htons(53), .len = htons(30) },
	};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = &packet, .data_size_in = sizeof(packet), .repeat = packets);
	__u32 zero = 0;
	double start;

	if (bpf_map_update_elem(frags ? jump_frags : jump, &zero, &c->fd, 0))
		die("cannot jump to the program of '%s'", c->group);
	state->flows = c->flows;
	start = nanoseconds();
	if (bpf_prog_test_run_opts(frags ? drive_frags : drive, &options))
		die("cannot run '%s'", c->group);
	if (options.retval != (c->blocked ? 1U : 2U) && c->kind != FLOOR && c->kind != FLOOR_FRAGS)
		die("'%s' returned %u", c->group, options.retval);
	return (nanoseconds() - start) / packets;
}

static int compare(const void *left, const void *right)
{
	double difference = *(const double *)left - *(const double *)right;

	return (difference > 0) - (difference < 0);
}

/* Median over rounds of the case less the floor of the same round, which is the
 * first case of its kind in the group. */
static double net(const struct bench_case *c, int rounds)
{
	enum kind floor = c->kind == SLUICE ? FLOOR_FRAGS : FLOOR;
	double values[MAX_ROUNDS];
	const struct bench_case *f = cases;

	while (f->kind != floor || strcmp(f->group, c->group))
		f++;
	for (int i = 0; i < rounds; i++)
		values[i] = c->samples[i] - f->samples[i];
	qsort(values, rounds, sizeof(*values), compare);
	return values[rounds / 2];
}

static void add_group(const char *group, __u32 flows, __u32 blocked, __u32 slots)
{
	for (enum kind kind = FLOOR; kind <= SLUICE; kind++)
		cases[case_count++] = (struct bench_case){ group, kind, flows, blocked, slots, -1, {} };
}

int main(int argc, char **argv)
{
	cpu_set_t set;
	int rounds, packets;

	if (argc != 7)
		die("usage: bench DRIVER.o SLUICE.o XDPFILTER.o ROUNDS PACKETS CPU");
	sluice_path = argv[2];
	filter_path = argv[3];
	rounds = atoi(argv[4]);
	packets = atoi(argv[5]);
	if (rounds < 1 || rounds > MAX_ROUNDS || packets < 1)
		die("rounds must be 1 to %d, packets at least 1", MAX_ROUNDS);
	CPU_ZERO(&set);
	CPU_SET(atoi(argv[6]), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("there is no CPU %s", argv[6]);
	libbpf_set_print(quiet);
	cpus = libbpf_num_possible_cpus();

	add_group("pass, 1 k flows", 1000, 0, 16384);
	add_group("pass, 64 k flows, 128 k slots", 65536, 0, 131072);
	add_group("pass, 64 k flows, 16 k slots", 65536, 0, 16384);
	add_group("pass, 1 M flows, 128 k slots", 1 << 20, 0, 131072);
	add_group("drop, 1 k sources blocked", 1000, 1000, 16384);
	add_group("drop, 64 k sources blocked", 65536, 65536, 16384);
	add_group("drop, 1 M sources blocked", 1 << 20, 1 << 20, 16384);
	add_group("pass, every packet a new flow", 0, 0, 16384);
	load_driver(argv[1]);
	for (int i = 0; i < case_count; i++)
		run(&cases[i], 4 * 65536);
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < case_count; i++)
			cases[i].samples[round] = run(&cases[i], packets);
	printf("%-32s %12s %12s %8s\n", "net ns per packet, one CPU", "sluice", "xdp-filter", "ratio");
	for (int i = 0; i < case_count; i += 4) {
		double filter = net(&cases[i + XDP_FILTER], rounds), sluice = net(&cases[i + SLUICE], rounds);

		printf("%-32s %12.1f %12.1f %8.2f\n", cases[i].group, sluice, filter, sluice / filter);
	}
	printf("%-32s %12.2f\n", "new flows : 1 k flows",
	       net(&cases[case_count - 1], rounds) / net(&cases[SLUICE], rounds));
	return 0;
}
