/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef DRIVER_H
#define DRIVER_H

#include <linux/types.h>

/* 10.0.0.0, and upwards from there. */
#define BENCH_FIRST_SOURCE 0x0a000000U
/* 192.168.0.1, which everybody sends to. */
#define BENCH_DESTINATION 0xc0a80001U
/* 2001:db8::, and upwards from there in steps of a /48 for each 256 sources. */
#define BENCH_FIRST_WORD 0x20010db8U

struct driver_state {
	__u64 counter;
	__u64 flows;     /* 0: every packet is a new flow */
	__u64 is_syn;    /* nonzero: TCP SYNs, which a program may have turned around */
	__u64 interface; /* where `send` sends to */
};

#endif /* DRIVER_H */
