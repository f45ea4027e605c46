/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the other headers need of their surroundings. They are compiled twice: by clang for the kernel, and by the
 * host's compiler for replay (Sources/CSluiceTwin), where nothing of libbpf may be needed.
 */
#ifndef SLUICE_PLATFORM_BPF_H
#define SLUICE_PLATFORM_BPF_H

#include <linux/types.h>
#include "sluice.h"

/*
 * Headers in frames stand at odd places. Processors that run XDP do not mind, but the compiler does: told so, it loads byte
 * by byte for BPF, which made up a tenth of the whole path. On the host the same loads would be undefined.
 */
#ifdef __bpf__
#define IN_FRAME
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#else
#define IN_FRAME __attribute__((packed))
#include <endian.h>
#define bpf_htons(x) htobe16(x)
#define bpf_ntohs(x) be16toh(x)
#define bpf_htonl(x) htobe32(x)
#define bpf_ntohl(x) be32toh(x)
#endif

#define INLINE static inline __attribute__((always_inline))
/* The compiler may no longer know how x came about, and so keeps it in a register instead of computing it again. */
#define OPAQUE(x)   asm volatile("" : "+r"(x))
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#endif /* SLUICE_PLATFORM_BPF_H */
