/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the benchmarks share: programs loaded with rules in them, and numbers taken. All end the process on a failure. */
#ifndef LOAD_H
#define LOAD_H

#include <bpf/libbpf.h>
#include <stdarg.h>
#include <linux/types.h>

#define MAX_ROUNDS 101

void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* For libbpf_set_print(): warnings only. */
int quiet(enum libbpf_print_level level, const char *format, va_list arguments);

struct bpf_object *open_object(const char *path);
void load(struct bpf_object *object, const char *path);
struct bpf_map *map_of(struct bpf_object *object, const char *name);
int program_of(struct bpf_object *object, const char *name);
/* The values of an mmapable array. */
void *memory_of(struct bpf_map *map);

/* Denies the first `blocked` sources of the driver, or with 0 as many as usual elsewhere. Returns the program. */
int load_filter(const char *path, __u32 blocked);
/* The same, with a flow table of `slots` for a CPU. Returns the object, for its maps. */
struct bpf_object *load_sluice(const char *path, __u32 blocked, __u32 slots);

/* Denies `count` networks of 256 IPv4 addresses each, from those of the driver on, or elsewhere; or as many IPv6 /48s of it. */
void deny_prefixes4(struct bpf_object *sluice, __u32 count, int elsewhere);
void deny_prefixes6(struct bpf_object *sluice, __u32 count);

/* Has everybody prove his address who begins a TCP connection to the destination of the driver, port 80. */
void ask_strangers(struct bpf_object *sluice);

/* CPU time of this thread. */
double cpu_nanoseconds(void);
/* Sorts the values. */
double median(double *values, int count);

#endif /* LOAD_H */
